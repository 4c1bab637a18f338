/** Finds whether objects that a credential depends on are still alive. */
import type { KubeObject } from '../../machinery/meta.ts';
import type { Store } from '../../storage/contract.ts';
import type { ConfigCache, KindRegistry } from '../contract.ts';

export interface ObjectLookupDeps {
  store: Store;
  kinds: KindRegistry;
  config: ConfigCache;
}

export interface ObjectLookup {
  /** The stored object, always asked from storage. */
  live<T extends KubeObject = KubeObject>(resource: string, namespace: string, name: string): Promise<T | undefined>;
  /**
   * The object from the configuration cache when its kind is cached and `accept` takes what is found there, else as
   * `live`: a cache that lags behind never makes a valid credential fail.
   */
  find<T extends KubeObject = KubeObject>(key: LookupKey, accept: (object: T) => boolean): Promise<T | undefined>;
}

export interface LookupKey {
  resource: string;
  namespace: string;
  name: string;
}

export function createObjectLookup({ store, kinds, config }: ObjectLookupDeps): ObjectLookup {
  const live: ObjectLookup['live'] = async <T extends KubeObject>(
    resource: string,
    namespace: string,
    name: string,
  ) => {
    const result = await store.shardOf(resource).get({ resource, namespace, name });
    config.observe(result.tracked, resource);
    if (!result.object) return undefined;
    const object = JSON.parse(result.object.text) as KubeObject;
    const kind = kinds.byStored(resource);
    return (kind?.fromStorage ? kind.fromStorage(object) : object) as T;
  };
  return {
    live,
    async find<T extends KubeObject>(key: LookupKey, accept: (object: T) => boolean) {
      if (kinds.byStored(key.resource)?.cached) {
        const object = (await config.fresh()).get<T>(key.resource, key.namespace, key.name);
        if (object && accept(object)) return object;
      }
      return live<T>(key.resource, key.namespace, key.name);
    },
  };
}
