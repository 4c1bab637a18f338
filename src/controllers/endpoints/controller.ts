import { type Endpoints, endpoints, type Pod, pods, type Service, services } from '../../kinds/index.ts';
import { applyOrThrow, type Write } from '../runtime/apply-plan.ts';
import { keyOfObject, parseKey } from '../runtime/change.ts';
import { defineController, type ReconcileContext } from '../runtime/define-controller.ts';
import { formatSelector } from '../runtime/label-selector.ts';
import { hasSelector, servicesOfPod } from '../runtime/service-pods.ts';
import { planEndpoints } from './plan.ts';

/** Lists the pods of services in Endpoints, which older clients read. Upstream: pkg/controller/endpoint. */
export const endpointsController = defineController({
  name: 'endpoint-controller',
  watches: [
    { kind: services, keys: keyOfObject },
    { kind: pods, keys: servicesOfPod },
    { kind: endpoints, keys: (change) => (change.type === 'ADDED' ? [] : keyOfObject(change)) },
  ],
  permissions: [
    { groups: [''], resources: ['pods', 'services'], verbs: ['get', 'list', 'watch'] },
    {
      groups: [''],
      resources: ['endpoints'],
      verbs: ['create', 'delete', 'get', 'list', 'update', 'watch'],
    },
    { groups: [''], resources: ['endpoints/restricted'], verbs: ['create'] },
  ],
  reconcile,
});

async function reconcile(key: string, { client, event }: ReconcileContext): Promise<undefined> {
  const { namespace, name } = parseKey(key);
  const [service, existing] = await Promise.all([
    client.find<Service>(services, { namespace, name }),
    client.find<Endpoints>(endpoints, { namespace, name }),
  ]);
  if (service === undefined) {
    const writes: Write[] = existing && isOurs(existing) ? [{ type: 'delete', kind: endpoints, object: existing }] : [];
    await applyOrThrow({ steps: [{ writes }] }, { client, event });
    return;
  }
  const selector = service.spec?.selector;
  if (!hasSelector(selector) || service.spec?.type === 'ExternalName') return;
  const labelSelector = formatSelector({ matchLabels: selector });
  const selected = await client.list<Pod>(pods, { namespace, labelSelector });
  await applyOrThrow(planEndpoints({ service, pods: selected.items, existing }), { client, event });
}

/** Endpoints that somebody else keeps, a leader election for example, are not ours to delete. */
function isOurs({ metadata }: Endpoints): boolean {
  return metadata.labels?.['endpoints.kubernetes.io/managed-by'] === 'endpoint-controller';
}
