import {
  type EndpointSlice,
  type Endpoints,
  endpointSlices,
  endpoints,
  type Service,
  services,
} from '../../kinds/index.ts';
import { applyOrThrow } from '../runtime/apply-plan.ts';
import { type Change, formatKey, keyOfObject, parseKey } from '../runtime/change.ts';
import { defineController, type ReconcileContext } from '../runtime/define-controller.ts';
import { hasSelector } from '../runtime/service-pods.ts';
import { MANAGED_BY, SERVICE_NAME } from '../runtime/service-slices.ts';
import { isMirrored, MANAGER, planMirror } from './plan.ts';

/**
 * Shows Endpoints that somebody writes for a service without selector as EndpointSlices, which is what proxies read.
 * Upstream: pkg/controller/endpointslicemirroring.
 */
export const endpointSliceMirroringController = defineController({
  name: 'endpointslicemirroring-controller',
  watches: [
    { kind: endpoints, keys: keysOfEndpoints },
    { kind: services, keys: keyOfObject },
    { kind: endpointSlices, keys: serviceOfMirror },
  ],
  permissions: [
    { groups: [''], resources: ['endpoints', 'services'], verbs: ['get', 'list', 'watch'] },
    { groups: [''], resources: ['services/finalizers', 'endpoints/finalizers'], verbs: ['update'] },
    {
      groups: ['discovery.k8s.io'],
      resources: ['endpointslices'],
      verbs: ['create', 'delete', 'get', 'list', 'update', 'watch'],
    },
  ],
  reconcile,
});

/** Those that come of a selector change with every pod, and have slices of their own. */
function keysOfEndpoints(change: Change): string[] {
  const ours = change.projection.labels['endpoints.kubernetes.io/managed-by'] === 'endpoint-controller';
  return ours ? [] : keyOfObject(change);
}

function serviceOfMirror({ key, projection, old }: Change): string[] {
  const mirrors = [projection.labels, old?.labels].filter((labels) => labels?.[MANAGED_BY] === MANAGER);
  const names = new Set(mirrors.map((labels) => labels?.[SERVICE_NAME] ?? ''));
  return [...names].filter((name) => name !== '').map((name) => formatKey(key.namespace, name));
}

async function reconcile(key: string, { client, event }: ReconcileContext): Promise<undefined> {
  const { namespace, name } = parseKey(key);
  const [service, written, slices] = await Promise.all([
    client.find<Service>(services, { namespace, name }),
    client.find<Endpoints>(endpoints, { namespace, name }),
    client.list<EndpointSlice>(endpointSlices, {
      namespace,
      labelSelector: `${SERVICE_NAME}=${name},${MANAGED_BY}=${MANAGER}`,
    }),
  ]);
  const mirrors =
    service !== undefined && !hasSelector(service.spec?.selector) && written !== undefined && isMirrored(written);
  // Slices of Endpoints that are gone are collected by owner.
  if (written?.metadata.deletionTimestamp) return;
  const plan = planMirror({ source: mirrors ? written : undefined, slices: slices.items });
  await applyOrThrow(plan, { client, event });
}
