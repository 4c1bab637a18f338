import type { ObjectMeta } from '../../../../machinery/meta.ts';
import type { PodSpec, PodTemplateSpec } from '../../../generated/types/core-v1.ts';
import { setContainerDefaults } from './container-defaults.ts';
import { setVolumeDefaults } from './volume-defaults.ts';

/** What every pod spec gets, in a pod or in a template. Upstream: apis/core/v1 SetDefaults_PodSpec. */
export function setPodSpecDefaults(spec: PodSpec): void {
  spec.dnsPolicy ??= 'ClusterFirst';
  spec.restartPolicy ??= 'Always';
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  spec.schedulerName ??= 'default-scheduler';
  // The deprecated alias is kept equal; the new name wins.
  const account = spec.serviceAccountName ?? spec.serviceAccount;
  if (account !== undefined) {
    spec.serviceAccountName = account;
    spec.serviceAccount = account;
  }
  for (const volume of spec.volumes ?? []) setVolumeDefaults(volume);
  for (const container of spec.containers ?? []) setContainerDefaults(container);
  for (const container of spec.initContainers ?? []) setContainerDefaults(container);
  for (const container of spec.ephemeralContainers ?? []) setContainerDefaults(container);
}

/** The defaults of a pod template; those of running pods only (requests, host ports) do not apply. */
export function setPodTemplateDefaults(template: PodTemplateSpec | undefined): void {
  if (!template) return;
  dropOldAnnotations(template.metadata);
  if (template.spec) setPodSpecDefaults(template.spec);
}

const OLD_ANNOTATIONS = ['init-containers', 'init-container-statuses'].flatMap((name) => [
  `pod.beta.kubernetes.io/${name}`,
  `pod.alpha.kubernetes.io/${name}`,
]);

/** Init containers stood in annotations once, which are lost. Upstream: apis/core/v1 dropInitContainerAnnotations. */
export function dropOldAnnotations(metadata: ObjectMeta | undefined): void {
  const { annotations } = metadata ?? {};
  if (!annotations) return;
  let dropped = false;
  for (const key of OLD_ANNOTATIONS) {
    if (annotations[key] === undefined) continue;
    delete annotations[key];
    dropped = true;
  }
  if (dropped && Object.keys(annotations).length === 0) delete metadata?.annotations;
}
