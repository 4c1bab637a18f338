/** What becomes of a pod before it is checked. Upstream: pkg/api/pod DropDisabledPodFields, applyAppArmorVersionSkew. */
import { equalJson } from '../../../equal-json.ts';
import type {
  AppArmorProfile,
  Container,
  Pod,
  PodSpec,
  PodStatus,
  VolumeMountStatus,
  VolumeProjection,
} from '../../../generated/types/core-v1.ts';
import { APP_ARMOR, LOCALHOST } from '../pod-spec/validate-annotations.ts';
import { validateAppArmor } from '../pod-spec/validate-security.ts';
import { visitContainers } from '../pod-spec/visit.ts';
import { appArmorWarning } from '../pod-spec/warnings.ts';

/** Sources of projected volumes whose features are off. */
const OFF_SOURCES = ['clusterTrustBundle', 'podCertificate'] as const satisfies readonly (keyof VolumeProjection)[];

/** Drops the fields of features that are off, unless the stored object has them. */
export function dropDisabledFields(spec: PodSpec, old?: PodSpec): void {
  if (old?.schedulingGroup === undefined) delete spec.schedulingGroup;
  dropStopSignals(spec, old);
  for (const field of OFF_SOURCES) {
    if (usesSource(old, field)) continue;
    for (const volume of spec.volumes ?? [])
      for (const source of volume.projected?.sources ?? []) if (source[field] !== undefined) delete source[field];
  }
}

function dropStopSignals(spec: PodSpec, old: PodSpec | undefined): void {
  let used = false;
  const look = ({ lifecycle }: Container): void => {
    if (lifecycle?.stopSignal !== undefined) used = true;
  };
  if (old) visitContainers(old, '', look);
  if (used) return;
  visitContainers(spec, '', (container) => {
    const { lifecycle } = container;
    if (lifecycle?.stopSignal === undefined) return;
    delete lifecycle.stopSignal;
    if (!lifecycle.preStop && !lifecycle.postStart) delete container.lifecycle;
  });
}

const usesSource = (spec: PodSpec | undefined, field: (typeof OFF_SOURCES)[number]): boolean =>
  spec?.volumes?.some((volume) => volume.projected?.sources?.some((source) => source[field] !== undefined)) === true;

/** Drops what the status says of features that are off, unless the stored one does. */
export function dropDisabledStatus(status: PodStatus, old: PodStatus = {}): void {
  if (!old.nodeAllocatableResourceClaimStatuses?.length) delete status.nodeAllocatableResourceClaimStatuses;
  const mountsOf = (pod: PodStatus): VolumeMountStatus[] =>
    [pod.containerStatuses, pod.initContainerStatuses, pod.ephemeralContainerStatuses].flatMap((list) =>
      (list ?? []).flatMap(({ volumeMounts = [] }) => volumeMounts),
    );
  if (mountsOf(old).some((mount) => mount.volumeStatus !== undefined)) return;
  for (const mount of mountsOf(status)) delete mount.volumeStatus;
}

/** Generations that a client leaves out stay as they were, condition by condition. Upstream: preserveOldObservedGeneration. */
export function keepObservedGenerations(status: PodStatus, old: PodStatus = {}): void {
  if (!status.observedGeneration && old.observedGeneration) status.observedGeneration = old.observedGeneration;
  const before = new Map<string, number[]>();
  for (const { type, observedGeneration = 0 } of old.conditions ?? [])
    before.set(type, [...(before.get(type) ?? []), observedGeneration]);
  for (const condition of status.conditions ?? []) {
    const generation = before.get(condition.type)?.shift();
    if (!condition.observedGeneration && generation) condition.observedGeneration = generation;
  }
}

/** Copies AppArmor profiles from the deprecated annotations to the fields; warns of each that has no field. */
export function syncAppArmor({ spec, metadata }: Pod, warn?: (text: string) => void): void {
  if (!metadata.annotations || spec.os?.name === 'windows') return;
  const whole = spec.securityContext?.appArmorProfile;
  visitContainers(spec, '', (container) => {
    const key = APP_ARMOR + container.name;
    const annotation = metadata.annotations?.[key];
    if (annotation === undefined || container.securityContext?.appArmorProfile) return;
    const profile = profileOf(annotation);
    if (profile && equalJson(profile, whole)) return;
    if (profile) container.securityContext = { ...container.securityContext, appArmorProfile: profile };
    warn?.(appArmorWarning(key, 'metadata'));
  });
}

/** Undefined for an annotation that no valid field can say. */
function profileOf(annotation: string): AppArmorProfile | undefined {
  if (annotation === 'unconfined') return { type: 'Unconfined' };
  if (annotation === 'runtime/default') return { type: 'RuntimeDefault' };
  if (!annotation.startsWith(LOCALHOST)) return undefined;
  const profile = { type: 'Localhost', localhostProfile: annotation.slice(LOCALHOST.length) };
  return validateAppArmor(profile, '').length === 0 ? profile : undefined;
}
