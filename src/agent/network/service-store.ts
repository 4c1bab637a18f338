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
}

const keyOf = (object: Service | EndpointSlice): string => `${object.metadata.namespace}/${object.metadata.name}`;

export function createServiceStore(): ServiceStore {
  const services = new Map<string, Service>();
  const slices = new Map<string, readonly EndpointSlice[]>();
  const owners = new Map<string, string>();
  const missing = new Set(['services', 'slices']);
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
  return {
    services,
    slices,
    get synced() {
      return missing.size === 0;
    },
    setService(service) {
      services.set(keyOf(service), service);
      changed();
    },
    deleteService(service) {
      services.delete(keyOf(service));
      changed();
    },
    setSlice(slice) {
      dropSlice(keyOf(slice));
      const name = slice.metadata.labels?.[SERVICE_NAME_LABEL];
      if (name) {
        const owner = `${slice.metadata.namespace}/${name}`;
        owners.set(keyOf(slice), owner);
        slices.set(owner, [...(slices.get(owner) ?? []), slice]);
      }
      changed();
    },
    deleteSlice(slice) {
      dropSlice(keyOf(slice));
      changed();
    },
    subscribe: (listener) => void listeners.push(listener),
    markSynced(what) {
      missing.delete(what);
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
