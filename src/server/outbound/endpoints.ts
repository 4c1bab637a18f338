/** Where a Service of the cluster can be reached, read from storage with at most a second's delay. */
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import {
  type EndpointSlice,
  endpointSlices,
  type Service,
  type ServiceEndpoint,
  selectEndpoints,
  services,
} from '../../kinds/index.ts';
import type { Store } from '../../storage/contract.ts';
import { OutboundError, type ServiceTarget } from './contract.ts';

/** An external name, or endpoints to try in this order. */
export type ServiceLocation = { external: string } | { endpoints: readonly ServiceEndpoint[] };

export interface ServiceLocator {
  /** Throws OutboundError for a Service that is missing or leads nowhere. Upstream: apiserver/pkg/util/proxy ResolveEndpoint. */
  locate(target: ServiceTarget): Promise<ServiceLocation>;
}

interface Entry {
  readAt: number;
  service: Service | undefined;
  slices: readonly EndpointSlice[];
}

const FRESH_MS = 1_000;
const MAX_ENTRIES = 500;

export function createServiceLocator(deps: { store: Store; clock: Clock; random: Random }): ServiceLocator {
  const { store, clock, random } = deps;
  const entries = new Map<string, Entry>();
  const entryOf = async ({ namespace, name }: ServiceTarget): Promise<Entry> => {
    const id = `${namespace}/${name}`;
    const known = entries.get(id);
    const readAt = clock.now();
    if (known && readAt - known.readAt < FRESH_MS) return known;
    const [service, slices] = await Promise.all([
      readService(store, { namespace, name }),
      readSlices(store, { namespace, name }),
    ]);
    const entry = { readAt, service, slices };
    entries.delete(id);
    if (entries.size >= MAX_ENTRIES) entries.delete(entries.keys().next().value as string);
    entries.set(id, entry);
    return entry;
  };
  return {
    async locate(target) {
      const { service, slices } = await entryOf(target);
      const quoted = JSON.stringify(target.name);
      if (!service) throw new OutboundError('unreachable', `service ${quoted} not found`);
      if (service.spec?.type === 'ExternalName') return { external: service.spec.externalName ?? '' };
      if (!service.spec?.ports?.some(({ port }) => port === target.port))
        throw new OutboundError('unreachable', `no service port ${target.port} found for service ${quoted}`);
      const found = selectEndpoints(service, slices, { number: target.port });
      if (found.length === 0) throw new OutboundError('unreachable', `no endpoints available for service ${quoted}`);
      const first = Math.floor(random.next() * found.length);
      return { endpoints: [...found.slice(first), ...found.slice(0, first)] };
    },
  };
}

interface ServiceKey {
  namespace: string;
  name: string;
}

/** The Service; undefined when there is none. */
export async function readService(store: Store, { namespace, name }: ServiceKey): Promise<Service | undefined> {
  const resource = services.storedAs;
  const { object } = await store.shardOf(resource).get({ resource, namespace, name });
  return object ? (JSON.parse(object.text) as Service) : undefined;
}

/** The slices of a Service; none where the list is refused. */
export async function readSlices(store: Store, { namespace, name }: ServiceKey): Promise<EndpointSlice[]> {
  const resource = endpointSlices.storedAs;
  const page = await store.shardOf(resource).list({
    resource,
    namespace,
    labels: [{ key: 'kubernetes.io/service-name', operator: 'in', values: [name] }],
  });
  return page.ok ? (JSON.parse(`[${page.text}]`) as EndpointSlice[]) : [];
}
