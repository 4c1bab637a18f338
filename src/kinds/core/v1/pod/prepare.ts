/** What becomes of a pod before it is checked. Upstream: pkg/api/pod DropDisabledPodFields, applyAppArmorVersionSkew. */
import type { AppArmorProfile, Container, Pod, PodSpec, VolumeProjection } from '../../../generated/types/core-v1.ts';
import { APP_ARMOR } from '../pod-spec/validate-annotations.ts';
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

/** Copies AppArmor profiles from the deprecated annotations to the fields. */
export function syncAppArmor({ spec, metadata }: Pod, warn?: (text: string) => void): void {
  if (!metadata.annotations || spec.os?.name === 'windows') return;
  const whole = spec.securityContext?.appArmorProfile;
  visitContainers(spec, '', (container) => {
    const key = APP_ARMOR + container.name;
    const annotation = metadata.annotations?.[key];
    if (annotation === undefined || container.securityContext?.appArmorProfile || whole) return;
    warn?.(appArmorWarning(key, 'metadata'));
    const profile = profileOf(annotation);
    if (profile) container.securityContext = { ...container.securityContext, appArmorProfile: profile };
  });
}

function profileOf(annotation: string): AppArmorProfile | undefined {
  if (annotation === 'unconfined') return { type: 'Unconfined' };
  if (annotation === '' || annotation === 'runtime/default') return { type: 'RuntimeDefault' };
  const name = annotation.startsWith('localhost/') ? annotation.slice('localhost/'.length) : '';
  return name === '' ? undefined : { type: 'Localhost', localhostProfile: name };
}
