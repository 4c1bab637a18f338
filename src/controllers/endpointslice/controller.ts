import {
  type EndpointSlice,
  endpointSlices,
  type Node,
  nodes,
  type Pod,
  pods,
  type Service,
  services,
} from '../../kinds/index.ts';
import { applyOrThrow } from '../runtime/apply-plan.ts';
import { type Change, formatKey, keyOfObject, parseKey } from '../runtime/change.ts';
import { defineController, type ReconcileContext } from '../runtime/define-controller.ts';
import { formatSelector } from '../runtime/label-selector.ts';
import { hasSelector, servicesOfPod } from '../runtime/service-pods.ts';
import { MANAGED_BY, SERVICE_NAME } from '../runtime/service-slices.ts';
import { MANAGER, planEndpointSlices } from './plan.ts';

const ZONE = 'topology.kubernetes.io/zone';

/** Lists the pods of services in EndpointSlices. Upstream: pkg/controller/endpointslice. */
export const endpointSliceController = defineController({
  name: 'endpointslice-controller',
  watches: [
    { kind: services, keys: keyOfObject },
    { kind: pods, keys: servicesOfPod },
    { kind: endpointSlices, keys: serviceOfSlice },
  ],
  permissions: [
    { groups: [''], resources: ['nodes', 'pods', 'services'], verbs: ['get', 'list', 'watch'] },
    { groups: [''], resources: ['services/finalizers'], verbs: ['update'] },
    {
      groups: ['discovery.k8s.io'],
      resources: ['endpointslices'],
      verbs: ['create', 'delete', 'get', 'list', 'update', 'watch'],
    },
  ],
  reconcile,
});

function serviceOfSlice({ key, projection, old }: Change): string[] {
  const names = new Set<string>();
  for (const labels of [projection.labels, old?.labels]) {
    if (labels?.[MANAGED_BY] === MANAGER && labels[SERVICE_NAME]) names.add(labels[SERVICE_NAME]);
  }
  return [...names].map((name) => formatKey(key.namespace, name));
}

async function reconcile(key: string, { client, event }: ReconcileContext): Promise<undefined> {
  const { namespace, name } = parseKey(key);
  const service = await client.find<Service>(services, { namespace, name });
  // Slices of a service that is gone are collected by owner.
  if (service === undefined || service.metadata.deletionTimestamp) return;
  const selector = service.spec?.selector;
  if (!hasSelector(selector) || service.spec?.type === 'ExternalName') return;
  const labelSelector = `${SERVICE_NAME}=${name},${MANAGED_BY}=${MANAGER}`;
  const [selected, slices] = await Promise.all([
    client.list<Pod>(pods, { namespace, labelSelector: formatSelector({ matchLabels: selector }) }),
    client.list<EndpointSlice>(endpointSlices, { namespace, labelSelector }),
  ]);
  const zones = new Map<string, string>();
  if (selected.items.some(({ spec }) => spec?.nodeName)) {
    for (const { metadata } of (await client.list<Node>(nodes)).items) {
      const zone = metadata.labels?.[ZONE];
      if (zone) zones.set(metadata.name ?? '', zone);
    }
  }
  const plan = planEndpointSlices({ service, pods: selected.items, slices: slices.items, zones });
  await applyOrThrow(plan, { client, event });
}
