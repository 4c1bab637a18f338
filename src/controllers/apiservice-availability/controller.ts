import { type APIService, apiServices, endpointSlices, services } from '../../kinds/index.ts';
import type { Change } from '../runtime/change.ts';
import { type Controller, defineController, type KeyContext } from '../runtime/define-controller.ts';
import { pauseOf, serviceOf } from './plan.ts';

const AUTOMANAGED = 'kube-aggregator.kubernetes.io/automanaged';
const SERVICE_LABEL = 'kubernetes.io/service-name';

/**
 * Has the API server look at extension API servers when they, or what leads to them, changed; it keeps what it finds in
 * their status. An API that answers is left alone until something changes, so that an idle cluster stays idle.
 * Upstream: kube-aggregator/pkg/controllers/status/remote.
 */
export function createApiServiceAvailability(): Controller {
  /** APIs by their Service. Lost memory costs one list. */
  let byService: Map<string, string[]> | undefined;

  const remember = async ({ list }: KeyContext): Promise<Map<string, string[]>> => {
    const known = new Map<string, string[]>();
    for (const api of await list<APIService>(apiServices)) {
      const service = serviceOf(api);
      if (service !== undefined) known.set(service, [...(known.get(service) ?? []), api.metadata.name ?? '']);
    }
    byService = known;
    return known;
  };
  const apisOf = async (service: string, context: KeyContext): Promise<string[]> =>
    (byService ?? (await remember(context))).get(service) ?? [];

  return defineController({
    name: 'apiservice-availability-controller',
    watches: [
      {
        kind: apiServices,
        keys({ key, projection }) {
          // The API server's own, of which each cluster has many.
          if (AUTOMANAGED in projection.labels) return [];
          byService = undefined;
          return [key.name];
        },
      },
      { kind: services, keys: ({ key }, context) => apisOf(`${key.namespace}/${key.name}`, context) },
      { kind: endpointSlices, keys: (change, context) => apisOf(serviceOfSlice(change), context) },
    ],
    permissions: [
      { groups: ['apiregistration.k8s.io'], resources: ['apiservices'], verbs: ['get', 'list', 'watch'] },
      { groups: [''], resources: ['services'], verbs: ['get', 'list', 'watch'] },
      { groups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['get', 'list', 'watch'] },
    ],
    async reconcile(name, { client, clock }) {
      const api = await client.find<APIService>(apiServices, { name });
      if (!api || serviceOf(api) === undefined || api.metadata.deletionTimestamp) return undefined;
      const { group = '', version = '' } = api.spec;
      const answer = await client.fetch(`/apis/${group}/${version}`);
      await answer.body?.cancel();
      return answer.ok ? undefined : { requeueAfter: pauseOf(api, clock.now()) };
    },
  });
}

const serviceOfSlice = ({ key, projection }: Change): string =>
  `${key.namespace}/${projection.labels[SERVICE_LABEL] ?? ''}`;
