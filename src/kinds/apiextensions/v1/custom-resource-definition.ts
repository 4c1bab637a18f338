import { defineKind } from '../../define-kind.ts';
import type { CustomResourceDefinition } from '../../generated/types/apiextensions-v1.ts';

/** Upstream: apiextensions/v1 SetDefaults_CustomResourceDefinitionSpec. */
function setDefinitionDefaults({ spec }: CustomResourceDefinition): void {
  if (!spec.names.singular) spec.names.singular = spec.names.kind.toLowerCase();
  if (!spec.names.listKind && spec.names.kind !== '') spec.names.listKind = `${spec.names.kind}List`;
  spec.conversion ??= { strategy: 'None' };
  if (!spec.conversion.strategy) spec.conversion.strategy = 'None';
  const service = spec.conversion.webhook?.clientConfig?.service;
  if (service) service.port ??= 443;
}

/** Every version that is or was the storage version is remembered. */
function recordStoredVersion(definition: CustomResourceDefinition): void {
  const stored = definition.spec.versions?.find((version) => version.storage)?.name;
  const status = definition.status;
  if (!status || stored === undefined || status.storedVersions?.includes(stored)) return;
  status.storedVersions = [...(status.storedVersions ?? []), stored];
}

export const customResourceDefinitions = defineKind<CustomResourceDefinition>(
  'apiextensions.k8s.io/v1/customresourcedefinitions',
  {
    cached: true,
    defaults: setDefinitionDefaults,
    strategy: {
      prepareForCreate: recordStoredVersion,
      prepareForUpdate: recordStoredVersion,
    },
  },
);
