/** Why a container that has not started has no log. Upstream: kubelet_pods.go validateContainerLogStatus. */
import type { ContainerStatus, Pod } from '../../kinds/index.ts';
import { type ContainerTarget, HttpError } from './target.ts';

/** What upstream says in place of the two reasons that people meet most. */
const PULL_TROUBLE: Record<string, string> = {
  ErrImagePull: "image can't be pulled",
  ImagePullBackOff: 'trying and failing to pull image',
};

/** The answer to who asks for that log; `pods` are those of the node with their statuses. */
export function noLogError(pods: readonly Pod[], { namespace, pod, container }: ContainerTarget): HttpError {
  const found = pods.find(({ metadata }) => metadata.name === pod && metadata.namespace === namespace);
  if (found === undefined) return new HttpError(404, `pod "${pod}" does not exist`);
  const { containers = [], initContainers = [], ephemeralContainers = [] } = found.spec ?? {};
  if (![...containers, ...initContainers, ...ephemeralContainers].some(({ name }) => name === container))
    return new HttpError(404, `container "${container}" not found in pod "${pod}"`);
  const where = `container "${container}" in pod "${pod}"`;
  const state = statusOf(found, container)?.state;
  if (state?.terminated) return new HttpError(400, `${where} is terminated`);
  if (state?.waiting) {
    const reason = state.waiting.reason ?? '';
    return new HttpError(400, `${where} is waiting to start: ${PULL_TROUBLE[reason] ?? reason}`);
  }
  return new HttpError(400, `${where} is not available`);
}

function statusOf({ status }: Pod, container: string): ContainerStatus | undefined {
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = status ?? {};
  return [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses].find(
    ({ name }) => name === container,
  );
}
