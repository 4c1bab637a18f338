import { apiTime } from '../../../machinery/time.ts';
import { CLEANUP_FINALIZER } from '../../custom/definition-record.ts';
import { defineKind } from '../../define-kind.ts';
import type { CustomResourceDefinition } from '../../generated/types/apiextensions-v1.ts';
import { setDefinitionCondition } from './definition-conditions.ts';
import {
  formatWarnings,
  validateDefinition,
  validateDefinitionStatus,
  validateDefinitionUpdate,
} from './validate-definition.ts';

/** Upstream: apiextensions/v1 SetDefaults_CustomResourceDefinition. */
function setDefinitionDefaults({ spec, status }: CustomResourceDefinition): void {
  if (!spec.names.singular) spec.names.singular = spec.names.kind.toLowerCase();
  if (!spec.names.listKind && spec.names.kind !== '') spec.names.listKind = `${spec.names.kind}List`;
  spec.conversion ??= { strategy: 'None' };
  const service = spec.conversion.webhook?.clientConfig?.service;
  if (service) service.port ??= 443;
  const stored = spec.versions?.find((version) => version.storage)?.name;
  if (status && !status.storedVersions?.length && stored !== undefined) status.storedVersions = [stored];
}

/** Every version that is or was the storage version is remembered. */
function recordStoredVersion(definition: CustomResourceDefinition): void {
  const stored = definition.spec.versions?.find((version) => version.storage)?.name;
  const status = definition.status;
  if (!status || stored === undefined || status.storedVersions?.includes(stored)) return;
  status.storedVersions = [...(status.storedVersions ?? []), stored];
}

/** The objects of a definition go before it. Upstream: registry/customresourcedefinition/etcd.go Delete. */
function markDeleted(definition: CustomResourceDefinition, now: number): void {
  const { metadata } = definition;
  metadata.deletionTimestamp = apiTime(now);
  if (!metadata.finalizers?.includes(CLEANUP_FINALIZER))
    metadata.finalizers = [...(metadata.finalizers ?? []), CLEANUP_FINALIZER];
  definition.status = { ...definition.status };
  if (definition.status.conditions) definition.status.conditions = [...definition.status.conditions];
  const message = 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon';
  const condition = { type: 'Terminating', status: 'True', reason: 'InstanceDeletionPending', message };
  setDefinitionCondition(definition, condition, now);
}

/** No two definitions of a group have a name in common, whoever accepts them at the same time. */
function acceptedNames({ spec, status }: CustomResourceDefinition): string[] {
  const names = status?.acceptedNames;
  if (!names) return [];
  const resources = [names.plural, names.singular, ...(names.shortNames ?? [])];
  const claim = (type: string, name: string | undefined): string[] => (name ? [`${type}/${spec.group}/${name}`] : []);
  return [
    ...new Set([
      ...resources.flatMap((name) => claim('resourceName', name)),
      ...[names.kind, names.listKind].flatMap((name) => claim('kindName', name)),
    ]),
  ];
}

export const customResourceDefinitions = defineKind<CustomResourceDefinition>(
  'apiextensions.k8s.io/v1/customresourcedefinitions',
  {
    ownDeletion: true,
    definesKinds: true,
    definesApis: true,
    markDeleted,
    claimsOf: acceptedNames,
    defaults: setDefinitionDefaults,
    strategy: {
      prepareForCreate: recordStoredVersion,
      validateCreate: validateDefinition,
      warningsOnCreate: (definition) => formatWarnings(definition),
      prepareForUpdate: recordStoredVersion,
      validateUpdate: validateDefinitionUpdate,
      warningsOnUpdate: formatWarnings,
    },
    statusStrategy: { validateUpdate: validateDefinitionStatus },
  },
);
