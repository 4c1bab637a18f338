/** Rules of the workloads. Upstream: pkg/apis/apps/validation. */
import type { FieldError } from '../../../machinery/status.ts';
import {
  dns1123Label,
  forbiddenError,
  invalidError,
  invalidErrors,
  notSupportedError,
  requiredError,
} from '../../../machinery/validation/index.ts';
import { validateClaimSpec } from '../../core/v1/persistent-volume-claim/validate.ts';
import { validatePodTemplate } from '../../core/v1/pod-spec/validate-spec.ts';
import { equalJson } from '../../equal-json.ts';
import type { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../../generated/types/apps-v1.ts';
import type { PodTemplateSpec } from '../../generated/types/core-v1.ts';
import type { LabelSelector } from '../../generated/types/meta-v1.ts';
import { internalForm } from '../../internal-form.ts';
import { isEmptySelector, matchesSelector, validateLabelSelector } from '../../label-selector.ts';
import { isZero, nonNegative, validateAtMostAll, validateIntOrPercent } from '../../numbers.ts';

const TEMPLATE = 'spec.template';

function validateSelector(selector: LabelSelector | null | undefined, name: string): FieldError[] {
  if (!selector) return [requiredError('spec.selector')];
  const errors = validateLabelSelector(selector, 'spec.selector');
  if (isEmptySelector(selector))
    errors.push(invalidError('spec.selector', selector, `empty selector is invalid for ${name}`));
  return errors;
}

const isBroken = (selector: LabelSelector | null | undefined): boolean =>
  selector ? validateLabelSelector(selector, '').length > 0 : false;

/** A selector that selects nothing because it is wrong says nothing about the template. */
function validateReplicatedTemplate(
  template: PodTemplateSpec,
  selector: LabelSelector | null | undefined,
): FieldError[] {
  if (isBroken(selector)) return [invalidError('spec.selector', selector, 'invalid label selector')];
  return [...validateTemplate(template, selector), ...validateAlwaysRestarts(template, 'ReplicaSet')];
}

/** A template whose pods are kept running. */
function validateTemplate(template: PodTemplateSpec, selector: LabelSelector | null | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const labels = template.metadata?.labels ?? {};
  // No selector selects nothing; an empty one, everything.
  const selects = selector ? isEmptySelector(selector) || matchesSelector(selector, labels) : false;
  if (!selects)
    errors.push(
      invalidError(
        `${TEMPLATE}.metadata.labels`,
        template.metadata?.labels ?? null,
        '`selector` does not match template `labels`',
      ),
    );
  return [...errors, ...validatePodTemplate(template, TEMPLATE)];
}

/** `kind` names in messages who keeps the pods running. */
function validateAlwaysRestarts({ spec }: PodTemplateSpec, kind: string): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.restartPolicy !== 'Always')
    errors.push(notSupportedError(`${TEMPLATE}.spec.restartPolicy`, spec.restartPolicy, ['Always']));
  if (spec.activeDeadlineSeconds !== undefined) {
    errors.push(
      forbiddenError(`${TEMPLATE}.spec.activeDeadlineSeconds`, `activeDeadlineSeconds in ${kind} is not Supported`),
    );
  }
  return errors;
}

function validateImmutableSelector(selector: unknown, old: unknown): FieldError[] {
  return equalJson(selector, old) ? [] : [invalidError('spec.selector', selector, 'field is immutable')];
}

function validateDeploymentSpec({ spec }: Deployment): FieldError[] {
  const errors = [...nonNegative(spec.replicas, 'spec.replicas'), ...validateSelector(spec.selector, 'deployment')];
  errors.push(...validateReplicatedTemplate(spec.template, spec.selector), ...validateStrategy(spec.strategy ?? {}));
  errors.push(
    ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
    ...nonNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'),
  );
  if (spec.progressDeadlineSeconds !== undefined) {
    errors.push(...nonNegative(spec.progressDeadlineSeconds, 'spec.progressDeadlineSeconds'));
    if (spec.progressDeadlineSeconds <= (spec.minReadySeconds ?? 0)) {
      errors.push(
        invalidError(
          'spec.progressDeadlineSeconds',
          spec.progressDeadlineSeconds,
          'must be greater than minReadySeconds',
        ),
      );
    }
  }
  return errors;
}

interface Limits {
  maxUnavailable?: number | string;
  maxSurge?: number | string;
}

/** Internal types have no unset limits. */
const shownLimits = (limits: Limits | undefined): Limits | undefined =>
  limits && { maxUnavailable: limits.maxUnavailable ?? 0, maxSurge: limits.maxSurge ?? 0 };

function validateStrategy({ type, rollingUpdate }: NonNullable<Deployment['spec']['strategy']>): FieldError[] {
  const at = 'spec.strategy.rollingUpdate';
  if (type === 'Recreate')
    return rollingUpdate ? [forbiddenError(at, "may not be specified when strategy `type` is 'Recreate'")] : [];
  if (type !== 'RollingUpdate') {
    return [
      notSupportedError(
        'spec.strategy',
        internalForm('apps/v1.DeploymentStrategy', { type, rollingUpdate: shownLimits(rollingUpdate) }),
        ['Recreate', 'RollingUpdate'],
      ),
    ];
  }
  if (!rollingUpdate) return [requiredError(at, 'this should be defaulted and never be nil')];
  const { maxUnavailable, maxSurge } = rollingUpdate;
  const errors = [
    ...validateIntOrPercent(maxUnavailable, `${at}.maxUnavailable`),
    ...validateIntOrPercent(maxSurge, `${at}.maxSurge`),
  ];
  if (isZero(maxUnavailable) && isZero(maxSurge))
    errors.push(invalidError(`${at}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0'));
  return [...errors, ...validateAtMostAll(maxUnavailable, `${at}.maxUnavailable`)];
}

export const validateDeployment = (deployment: Deployment): FieldError[] => validateDeploymentSpec(deployment);

export const validateDeploymentUpdate = (deployment: Deployment, old: Deployment): FieldError[] => [
  ...validateDeploymentSpec(deployment),
  ...validateImmutableSelector(deployment.spec.selector, old.spec.selector),
];

const DEPLOYMENT_COUNTS = [
  'observedGeneration',
  'replicas',
  'updatedReplicas',
  'readyReplicas',
  'availableReplicas',
  'unavailableReplicas',
  'terminatingReplicas',
  'collisionCount',
] as const;

export function validateDeploymentStatus({ status = {} }: Deployment, old: Deployment): FieldError[] {
  const errors = DEPLOYMENT_COUNTS.flatMap((field) => nonNegative(status[field], `status.${field}`));
  for (const field of ['updatedReplicas', 'readyReplicas', 'availableReplicas'] as const) {
    const value = status[field] ?? 0;
    if (value > (status.replicas ?? 0))
      errors.push(invalidError(`status.${field}`, value, 'cannot be greater than status.replicas'));
  }
  if ((status.availableReplicas ?? 0) > (status.readyReplicas ?? 0)) {
    errors.push(
      invalidError('status.availableReplicas', status.availableReplicas, 'cannot be greater than readyReplicas'),
    );
  }
  const before = old.status?.collisionCount;
  if (before !== undefined && (status.collisionCount ?? 0) < before) {
    errors.push(invalidError('status.collisionCount', status.collisionCount ?? 0, 'cannot be decremented'));
  }
  return errors;
}

export function validateReplicaSet({ spec }: ReplicaSet): FieldError[] {
  const errors = [
    ...nonNegative(spec.replicas, 'spec.replicas'),
    ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
  ];
  errors.push(...validateSelector(spec.selector, 'deployment'));
  if (!spec.template) return [...errors, requiredError(TEMPLATE)];
  return [...errors, ...validateReplicatedTemplate(spec.template, spec.selector)];
}

export const validateReplicaSetUpdate = (set: ReplicaSet, old: ReplicaSet): FieldError[] => [
  ...validateReplicaSet(set),
  ...validateImmutableSelector(set.spec.selector, old.spec.selector),
];

export function validateDaemonSet({ spec }: DaemonSet): FieldError[] {
  const { selector, template } = spec;
  const errors = selector ? validateLabelSelector(selector, 'spec.selector') : [];
  const labels = template.metadata?.labels;
  if (!isBroken(selector) && !(selector && (isEmptySelector(selector) || matchesSelector(selector, labels ?? {})))) {
    const why = '`selector` does not match template `labels`';
    errors.push(invalidError(`${TEMPLATE}.metadata.labels`, labels ?? null, why));
  }
  if (selector && isEmptySelector(selector))
    errors.push(invalidError('spec.selector', selector, 'empty selector is invalid for daemonset'));
  errors.push(...validatePodTemplate(template, TEMPLATE), ...validateAlwaysRestarts(template, 'DaemonSet'));
  errors.push(...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'));
  errors.push(...validateUpdateStrategy(spec.updateStrategy ?? {}));
  return [...errors, ...nonNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit')];
}

/** Upstream: ValidateDaemonSetUpdateStrategy. */
function validateUpdateStrategy(strategy: NonNullable<DaemonSet['spec']['updateStrategy']>): FieldError[] {
  const { type, rollingUpdate } = strategy;
  if (type === 'OnDelete') return [];
  if (type !== 'RollingUpdate') {
    const shown = internalForm('apps/v1.DaemonSetUpdateStrategy', {
      type,
      rollingUpdate: shownLimits(rollingUpdate),
    });
    return [notSupportedError('spec.updateStrategy', shown, ['RollingUpdate', 'OnDelete'])];
  }
  const at = 'spec.updateStrategy.rollingUpdate';
  if (!rollingUpdate) return [requiredError(at)];
  const { maxUnavailable, maxSurge } = rollingUpdate;
  const errors = [
    ...validateIntOrPercent(maxUnavailable, `${at}.maxUnavailable`),
    ...validateIntOrPercent(maxSurge, `${at}.maxSurge`),
    ...validateAtMostAll(maxUnavailable, `${at}.maxUnavailable`),
    ...validateAtMostAll(maxSurge, `${at}.maxSurge`),
  ];
  if (!isZero(maxUnavailable) && !isZero(maxSurge))
    errors.push(invalidError(`${at}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero'));
  if (isZero(maxUnavailable) && isZero(maxSurge))
    errors.push(requiredError(`${at}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'));
  return errors;
}

export const validateDaemonSetUpdate = (set: DaemonSet, old: DaemonSet): FieldError[] => [
  ...validateImmutableSelector(set.spec.selector, old.spec.selector),
  ...validateDaemonSet(set),
];

const RETENTION = ['Retain', 'Delete'];

/** What cannot change is not checked again by an update. */
export function validateStatefulSet({ spec }: StatefulSet, isUpdate = false): FieldError[] {
  const errors: FieldError[] = [];
  if (!spec.podManagementPolicy) errors.push(requiredError('spec.podManagementPolicy'));
  else if (spec.podManagementPolicy !== 'OrderedReady' && spec.podManagementPolicy !== 'Parallel') {
    errors.push(
      invalidError('spec.podManagementPolicy', spec.podManagementPolicy, "must be 'OrderedReady' or 'Parallel'"),
    );
  }
  const { type, rollingUpdate } = spec.updateStrategy ?? {};
  if (type === 'OnDelete' && rollingUpdate) {
    const shown = { Partition: rollingUpdate.partition ?? 0, MaxUnavailable: rollingUpdate.maxUnavailable ?? null };
    errors.push(
      invalidError('spec.updateStrategy.rollingUpdate', shown, "only allowed for updateStrategy 'RollingUpdate'"),
    );
  } else if (type === 'RollingUpdate')
    errors.push(...nonNegative(rollingUpdate?.partition, 'spec.updateStrategy.rollingUpdate.partition'));
  else if (!type) errors.push(requiredError('spec.updateStrategy'));
  else if (type !== 'OnDelete') {
    const shown = internalForm('apps/v1.StatefulSetUpdateStrategy', spec.updateStrategy);
    errors.push(invalidError('spec.updateStrategy', shown, "must be 'RollingUpdate' or 'OnDelete'"));
  }
  for (const field of ['whenDeleted', 'whenScaled'] as const) {
    const policy = spec.persistentVolumeClaimRetentionPolicy?.[field] ?? '';
    if (!RETENTION.includes(policy))
      errors.push(notSupportedError(`spec.persistentVolumeClaimRetentionPolicy.${field}`, policy, RETENTION));
  }
  for (const [index, claim] of isUpdate ? [] : (spec.volumeClaimTemplates ?? []).entries())
    errors.push(...validateClaimSpec(claim.spec ?? {}, `spec.volumeClaimTemplates[${index}].spec`));
  errors.push(
    ...nonNegative(spec.replicas, 'spec.replicas'),
    ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
  );
  errors.push(...nonNegative(spec.ordinals?.start, 'spec.ordinals.start'));
  if (spec.serviceName && !isUpdate)
    errors.push(...invalidErrors('spec.serviceName', spec.serviceName, dns1123Label(spec.serviceName)));
  errors.push(...validateSelector(spec.selector, 'statefulset'));
  if (isBroken(spec.selector)) errors.push(invalidError('spec.selector', spec.selector, ''));
  else errors.push(...validateTemplate(asPodsHaveIt(spec), spec.selector));
  return [...errors, ...validateAlwaysRestarts(spec.template, 'StatefulSet')];
}

/** The template with the volumes that pods get from the claims of the set, and without the names the set overwrites. */
function asPodsHaveIt({ template, volumeClaimTemplates = [] }: StatefulSet['spec']): PodTemplateSpec {
  const { hostname: _hostname, subdomain: _subdomain, ...spec } = template.spec;
  const names = new Set(volumeClaimTemplates.map(({ metadata }) => metadata?.name ?? ''));
  if (names.size === 0) return { ...template, spec };
  const claims = [...names].map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));
  const others = (spec.volumes ?? []).filter((volume) => !names.has(volume.name));
  return { ...template, spec: { ...spec, volumes: [...claims, ...others] } };
}

const CHANGEABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const;

export function validateStatefulSetUpdate(set: StatefulSet, old: StatefulSet): FieldError[] {
  const errors = validateStatefulSet(set, true);
  const fixed = (spec: StatefulSet['spec']): object =>
    Object.fromEntries(Object.entries(spec).filter(([field]) => !(CHANGEABLE as readonly string[]).includes(field)));
  if (!equalJson(fixed(set.spec), fixed(old.spec))) {
    const list = `${CHANGEABLE.slice(0, -1)
      .map((field) => `'${field}'`)
      .join(', ')} and '${CHANGEABLE.at(-1)}'`;
    errors.push(forbiddenError('spec', `updates to statefulset spec for fields other than ${list} are forbidden`));
  }
  return errors;
}
