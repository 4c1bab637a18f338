import type { Strategy } from '../../../../machinery/kind.ts';
import { apiTime } from '../../../../machinery/time.ts';
import { canonicalWarning, dns1123Label } from '../../../../machinery/validation/index.ts';
import type { Pod } from '../../../generated/types/core-v1.ts';
import { podWarnings } from '../pod-spec/warnings.ts';
import { completePodLevel } from './defaults.ts';
import { mergeLabelKeys } from './label-keys.ts';
import { dropDisabledFields, dropDisabledStatus, keepObservedGenerations, syncAppArmor } from './prepare.ts';
import { qosClassOf } from './qos.ts';
import { validatePodCreate, validatePodUpdate } from './validate.ts';
import { validatePodStatus } from './validate-status.ts';

function schedulingGated(now: number): NonNullable<NonNullable<Pod['status']>['conditions']>[number] {
  return {
    type: 'PodScheduled',
    status: 'False',
    lastProbeTime: null,
    lastTransitionTime: apiTime(now),
    reason: 'SchedulingGated',
    message: 'Scheduling is blocked due to non-empty scheduling gates',
  };
}

/** Upstream: registry/core/pod podStrategy. */
export const podStrategy: Strategy<Pod> = {
  prepareForCreate(pod, { now, warn }) {
    dropDisabledFields(pod.spec);
    // A class that the client names is believed.
    pod.status = { phase: 'Pending', qosClass: pod.status?.qosClass ?? qosClassOf(pod.spec) };
    if (pod.spec.schedulingGates?.length) pod.status.conditions = [schedulingGated(now)];
    mergeLabelKeys(pod);
    syncAppArmor(pod, warn);
  },
  prepareForUpdate: (pod, old) => dropDisabledFields(pod.spec, old.spec),
  validateCreate: validatePodCreate,
  canonicalize: completePodLevel,
  validateUpdate: validatePodUpdate,
  warningsOnCreate(pod) {
    const texts = dns1123Label(pod.metadata.name ?? '');
    const named =
      texts.length === 0 || pod.metadata.name === undefined
        ? []
        : [
            `metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [${texts.join(' ')}]`,
          ];
    return [...named, ...podWarnings(pod.spec, pod.metadata, '')];
  },
};

/** Upstream: registry/core/pod podStatusStrategy. */
export const podStatusStrategy: Strategy<Pod> = {
  resetFields: ['metadata.deletionTimestamp', 'metadata.ownerReferences'],
  prepareForUpdate(pod, old) {
    if (old.metadata.deletionTimestamp === undefined) delete pod.metadata.deletionTimestamp;
    if (old.metadata.ownerReferences === undefined) delete pod.metadata.ownerReferences;
    else pod.metadata.ownerReferences = old.metadata.ownerReferences;
    pod.status ??= {};
    pod.status.qosClass ??= old.status?.qosClass ?? qosClassOf(pod.spec);
    keepObservedGenerations(pod.status, old.status);
    dropDisabledStatus(pod.status, old.status);
  },
  validateUpdate: validatePodStatus,
  warningsOnUpdate: ({ status = {} }) =>
    (['podIPs', 'hostIPs'] as const).flatMap((field) =>
      (status[field] ?? []).flatMap(({ ip = '' }, index) => canonicalWarning(ip, `status.${field}[${index}].ip`)),
    ),
};
