/** Marks on sandboxes and containers by which a restarted agent finds its pods again. Upstream: kuberuntime/labels.go. */
import type { Container, Pod } from '../../kinds/index.ts';

export const POD_NAME = 'io.kubernetes.pod.name';
export const POD_NAMESPACE = 'io.kubernetes.pod.namespace';
export const POD_UID = 'io.kubernetes.pod.uid';
export const CONTAINER_NAME = 'io.kubernetes.container.name';
export const RESTART_COUNT = 'io.kubernetes.container.restartCount';
export const CONTAINER_HASH = 'io.kubernetes.container.hash';
export const TERMINATION_PATH = 'io.kubernetes.container.terminationMessagePath';
export const TERMINATION_POLICY = 'io.kubernetes.container.terminationMessagePolicy';
/** Host path of the file mounted at the termination message path. */
export const TERMINATION_FILE = 'kedge.dev/termination-file';
/** The cgroup settings that the container was created with, as JSON. */
export const RESOURCES = 'kedge.dev/resources';
export const POD_GRACE = 'io.kubernetes.pod.terminationGracePeriod';

export function podLabels(pod: Pod): Record<string, string> {
  const { name = '', namespace = '', uid = '', labels } = pod.metadata;
  return { ...labels, [POD_NAME]: name, [POD_NAMESPACE]: namespace, [POD_UID]: uid };
}

export function containerLabels(pod: Pod, container: Container): Record<string, string> {
  const { name = '', namespace = '', uid = '' } = pod.metadata;
  return { [CONTAINER_NAME]: container.name, [POD_NAME]: name, [POD_NAMESPACE]: namespace, [POD_UID]: uid };
}

/** What makes a running container outdated when it changes: its image. */
export function containerHash(container: Container): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(`${container.name}\0${container.image ?? ''}`)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash.toString(16);
}

/** `name_namespace(uid)`, as messages spell a pod. */
export const formatPod = (pod: Pod): string => `${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`;
