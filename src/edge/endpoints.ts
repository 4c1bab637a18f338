/** The pods behind a backend, read by key and label with at most a second's delay. */
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import {
  type EndpointSlice,
  endpointSlices,
  type IngressServiceBackend,
  type Service,
  type ServiceEndpoint,
  selectEndpoints,
  services,
} from '../kinds/index.ts';
import type { Store } from '../storage/contract.ts';
import { Freshness } from './freshness.ts';

export interface Endpoint {
  node: string;
  /** `HOST:PORT` on the node's network. */
  address: string;
}

export interface EndpointSource {
  /** Endpoints to try, in this order; empty when none can take a request. */
  endpointsOf(namespace: string, backend: IngressServiceBackend): Promise<Endpoint[]>;
}

interface Entry {
  freshness: Freshness;
  service: Service | undefined;
  slices: EndpointSlice[];
  known: boolean;
}

/** Services remembered; beyond it the oldest are read anew. */
const MAX_ENTRIES = 2_000;

export function createEndpointSource(options: { store: Store; clock: Clock; random: Random }): EndpointSource {
  const { store, clock, random } = options;
  const entries = new Map<string, Entry>();
  const entryOf = (id: string): Entry => {
    let entry = entries.get(id);
    if (entry) return entry;
    if (entries.size >= MAX_ENTRIES) entries.delete(entries.keys().next().value as string);
    entry = { freshness: new Freshness(), service: undefined, slices: [], known: false };
    entries.set(id, entry);
    return entry;
  };
  return {
    async endpointsOf(namespace, backend) {
      const entry = entryOf(`${namespace}/${backend.name}`);
      const now = clock.now();
      if (entry.freshness.claim(now) || !entry.known) {
        const [service, slices] = await Promise.all([
          readService(store, namespace, backend.name),
          readSlices(store, namespace, backend.name),
        ]);
        Object.assign(entry, { service, slices, known: true });
        entry.freshness.confirm(now);
      }
      const found = selectEndpoints(entry.service, entry.slices, backend.port ?? {});
      return shuffled(found.filter(isReachable), random);
    },
  };
}

/** A backend without a node is somewhere that no tunnel leads to. */
const isReachable = (endpoint: ServiceEndpoint): endpoint is Endpoint => endpoint.node !== undefined;

function shuffled(endpoints: Endpoint[], random: Random): Endpoint[] {
  const start = Math.floor(random.next() * endpoints.length);
  return [...endpoints.slice(start), ...endpoints.slice(0, start)];
}

async function readService(store: Store, namespace: string, name: string): Promise<Service | undefined> {
  const resource = services.storedAs;
  const { object } = await store.shardOf(resource).get({ resource, namespace, name });
  return object ? (JSON.parse(object.text) as Service) : undefined;
}

async function readSlices(store: Store, namespace: string, service: string): Promise<EndpointSlice[]> {
  const resource = endpointSlices.storedAs;
  const page = await store.shardOf(resource).list({
    resource,
    namespace,
    labels: [{ key: 'kubernetes.io/service-name', operator: 'in', values: [service] }],
  });
  if (!page.ok) throw new Error(`endpoint slices could not be listed: ${page.why}`);
  return JSON.parse(`[${page.text}]`) as EndpointSlice[];
}
