/** The node's copy of services and endpoint slices, for the packet rules and for DNS. */
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';

import { type Client, runInformer } from '../../client/index.ts';
import type { EndpointSlice, Service } from '../../kinds/index.ts';
import type { KindRef } from '../../machinery/kind.ts';
import { type Log, messageOf } from '../log.ts';

const SERVICES: KindRef<Service> = {
  group: '',
  version: 'v1',
  kind: 'Service',
  resource: 'services',
  namespaced: true,
};
const SLICES: KindRef<EndpointSlice> = {
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  resource: 'endpointslices',
  namespaced: true,
};
const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

export interface ServiceStore {
  /** By `namespace/name`. */
  readonly services: ReadonlyMap<string, Service>;
  /** Slices of a service, by `namespace/name` of the service. */
  readonly slices: ReadonlyMap<string, readonly EndpointSlice[]>;
  /** True once both were listed completely. */
  readonly synced: boolean;
  setService(service: Service): void;
  deleteService(service: Service): void;
  setSlice(slice: EndpointSlice): void;
  deleteSlice(slice: EndpointSlice): void;
  /** Calls `listener` after each change, once the store is synced. */
  subscribe(listener: () => void): void;
  markSynced(what: 'services' | 'slices'): void;
  /** Fills the store with what was known before; what the next complete lists do not have goes again. */
  restore(services: readonly Service[], slices: readonly EndpointSlice[]): void;
}

const keyOf = (object: Service | EndpointSlice): string => `${object.metadata.namespace}/${object.metadata.name}`;

const unknown = <T extends Service | EndpointSlice>(objects: readonly T[], known: ReadonlyMap<string, unknown>): T[] =>
  objects.filter((object) => !known.has(keyOf(object)));

export function createServiceStore(): ServiceStore {
  const services = new Map<string, Service>();
  const slices = new Map<string, readonly EndpointSlice[]>();
  const owners = new Map<string, string>();
  const missing = new Set(['services', 'slices']);
  /** Objects of an earlier run that the API has not confirmed, by key. */
  const unconfirmed = { services: new Set<string>(), slices: new Set<string>() };
  const listeners: (() => void)[] = [];
  const changed = () => {
    if (missing.size === 0) for (const listener of listeners) listener();
  };
  const dropSlice = (key: string) => {
    const owner = owners.get(key);
    if (owner === undefined) return;
    owners.delete(key);
    const left = (slices.get(owner) ?? []).filter((slice) => keyOf(slice) !== key);
    if (left.length > 0) slices.set(owner, left);
    else slices.delete(owner);
  };
  const addSlice = (slice: EndpointSlice) => {
    dropSlice(keyOf(slice));
    const name = slice.metadata.labels?.[SERVICE_NAME_LABEL];
    if (!name) return;
    const owner = `${slice.metadata.namespace}/${name}`;
    owners.set(keyOf(slice), owner);
    slices.set(owner, [...(slices.get(owner) ?? []), slice]);
  };
  return {
    services,
    slices,
    get synced() {
      return missing.size === 0;
    },
    setService(service) {
      unconfirmed.services.delete(keyOf(service));
      services.set(keyOf(service), service);
      changed();
    },
    deleteService(service) {
      services.delete(keyOf(service));
      changed();
    },
    setSlice(slice) {
      unconfirmed.slices.delete(keyOf(slice));
      addSlice(slice);
      changed();
    },
    deleteSlice(slice) {
      dropSlice(keyOf(slice));
      changed();
    },
    subscribe: (listener) => void listeners.push(listener),
    markSynced(what) {
      missing.delete(what);
      for (const key of unconfirmed[what]) {
        if (what === 'services') services.delete(key);
        else dropSlice(key);
      }
      unconfirmed[what].clear();
      changed();
    },
    restore(oldServices, oldSlices) {
      if (missing.size === 0) return;
      const fresh = { services: unknown(oldServices, services), slices: unknown(oldSlices, owners) };
      for (const service of fresh.services) services.set(keyOf(service), service);
      for (const slice of fresh.slices) addSlice(slice);
      unconfirmed.services = new Set(fresh.services.map(keyOf));
      unconfirmed.slices = new Set(fresh.slices.map(keyOf));
      missing.clear();
      changed();
    },
  };
}

export interface FollowOptions {
  client: Client;
  clock: Clock;
  random: Random;
  log: Log;
  signal: AbortSignal;
}

/** Feeds the store from the API server until `signal` aborts. */
export async function followServices(store: ServiceStore, options: FollowOptions): Promise<void> {
  const onError = (error: unknown) => options.log('warn', 'services cannot be watched', { error: messageOf(error) });
  await Promise.all([
    runInformer<Service>({
      ...options,
      kind: SERVICES,
      onError,
      onSet: (service) => store.setService(service),
      onDelete: (service) => store.deleteService(service),
      onSynced: () => store.markSynced('services'),
    }),
    runInformer<EndpointSlice>({
      ...options,
      kind: SLICES,
      onError,
      onSet: (slice) => store.setSlice(slice),
      onDelete: (slice) => store.deleteSlice(slice),
      onSynced: () => store.markSynced('slices'),
    }),
  ]);
}
