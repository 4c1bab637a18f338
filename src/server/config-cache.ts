/**
 * The cache of configuration objects that requests read on their way (namespaces, roles, classes, accounts …).
 * One view per isolate, brought up to date by `Shard.changes`.
 */
import type { Clock } from '../base/clock.ts';
import { DEFINITION_RECORDS } from '../kinds/index.ts';
import type { KubeObject } from '../machinery/meta.ts';
import type { ChangesResult, ObjectKey, Shard, Store } from '../storage/contract.ts';
import { CONFIGURATION_RESOURCE } from './configuration/document.ts';
import type { ConfigCache, ConfigSnapshot, KindRegistry } from './contract.ts';

export interface ConfigCacheOptions {
  store: Store;
  kinds: KindRegistry;
  clock: Clock;
}

/** Milliseconds for which a confirmed view is used without asking storage again. */
const CONFIRMED_FOR_MS = 1_000;
/** For how long it is used where it may be late, while nothing tells that it is behind. */
const KNOWN_FOR_MS = 30_000;

/** Objects of one resource. `version` rises with every change. */
interface Table {
  version: number;
  namespaces: Map<string, Map<string, KubeObject>>;
  all: readonly KubeObject[] | undefined;
}

interface Derived {
  value: unknown;
  versions: number[];
}

/**
 * The view that `fresh` hands out. It moves forward in place: a reader that waits in between may see newer objects,
 * never older ones. Objects are shared and must not be changed.
 */
class View implements ConfigSnapshot {
  readonly #tables = new Map<string, Table>();
  readonly #derived = new Map<string, Derived>();

  get<T extends Pick<KubeObject, 'metadata'>>(resource: string, namespace: string, name: string): T | undefined {
    return this.#tables.get(resource)?.namespaces.get(namespace)?.get(name) as T | undefined;
  }

  list<T extends Pick<KubeObject, 'metadata'>>(resource: string, namespace?: string): readonly T[] {
    const table = this.#tables.get(resource);
    if (!table) return [];
    if (namespace !== undefined) return [...(table.namespaces.get(namespace)?.values() ?? [])] as T[];
    table.all ??= [...table.namespaces.values()].flatMap((names) => [...names.values()]);
    return table.all as readonly T[];
  }

  derive<V>(name: string, resources: readonly string[], compute: (snapshot: ConfigSnapshot) => V): V {
    const known = this.#derived.get(name);
    if (known && resources.every((resource, i) => known.versions[i] === this.#versionOf(resource)))
      return known.value as V;
    const versions = resources.map((resource) => this.#versionOf(resource));
    const value = compute(this);
    this.#derived.set(name, { value, versions });
    return value;
  }

  #versionOf(resource: string): number {
    return this.#tables.get(resource)?.version ?? 0;
  }

  set(key: ObjectKey, object: KubeObject | undefined): void {
    let table = this.#tables.get(key.resource);
    if (!table) {
      table = { version: 0, namespaces: new Map(), all: undefined };
      this.#tables.set(key.resource, table);
    }
    const names = table.namespaces.get(key.namespace);
    if (object === undefined) {
      if (!names?.delete(key.name)) return;
      if (names.size === 0) table.namespaces.delete(key.namespace);
    } else if (names) names.set(key.name, object);
    else table.namespaces.set(key.namespace, new Map([[key.name, object]]));
    table.version += 1;
    table.all = undefined;
  }

  clear(resources: readonly string[]): void {
    for (const resource of resources) {
      const table = this.#tables.get(resource);
      if (!table) continue;
      table.version += 1;
      table.namespaces.clear();
      table.all = undefined;
    }
  }
}

/** What is known of one shard. Revisions of different shards are never compared. */
interface ShardState {
  shard: Shard;
  resources: string[];
  /** Revision up to which the view is complete; undefined before the first load. */
  revision: number | undefined;
  /** Highest `tracked` revision seen in any answer. */
  observed: number;
  /** When the last successful question to the shard was asked. */
  confirmedAt: number;
}

/** A cache over all kinds marked `cached`. Nothing is read before the first `fresh`. */
export function createConfigCache(options: ConfigCacheOptions): ConfigCache {
  const { store, kinds, clock } = options;
  const view = new View();
  let states: ShardState[] | undefined;

  const open = (): ShardState[] => {
    if (!states) states = groupByShard(store, kinds);
    return states;
  };
  /** Whether the view does not do for a caller that asked at `at`. */
  const isStale = (state: ShardState, at: number): boolean =>
    state.revision === undefined || state.observed > state.revision || at - state.confirmedAt >= CONFIRMED_FOR_MS;
  const staleStates = (at: number): ShardState[] => open().filter((state) => isStale(state, at));

  return {
    async fresh() {
      const at = clock.now();
      // Each caller asks for itself: in a Worker, a promise of another request dies with that request.
      for (let stale = staleStates(at); stale.length > 0; stale = staleStates(at)) {
        await Promise.all(stale.map((state) => refreshShard(state, { view, kinds, clock })));
      }
      return view;
    },
    known() {
      const now = clock.now();
      for (const { revision, observed, confirmedAt } of open()) {
        if (revision === undefined) return undefined;
        if (now - confirmedAt >= (observed > revision ? CONFIRMED_FOR_MS : KNOWN_FOR_MS)) return undefined;
      }
      return view;
    },
    observe(tracked, resource) {
      const all = open();
      const state = resource === undefined ? all[0] : stateOf(all, resource, store);
      if (state && tracked > state.observed) state.observed = tracked;
    },
    async reload(resource) {
      const state = stateOf(open(), resource, store);
      if (state) await refreshShard(state, { view, kinds, clock });
    },
  };
}

function groupByShard(store: Store, kinds: KindRegistry): ShardState[] {
  const byShard = new Map<Shard, ShardState>();
  const resources = new Set(kinds.all().flatMap((kind) => (kind.cached && kind.stored ? [kind.storedAs] : [])));
  resources.add(CONFIGURATION_RESOURCE);
  resources.add(DEFINITION_RECORDS);
  for (const resource of resources) {
    const shard = store.shardOf(resource);
    const state = byShard.get(shard);
    if (state) state.resources.push(resource);
    else byShard.set(shard, { shard, resources: [resource], revision: undefined, observed: 0, confirmedAt: 0 });
  }
  return [...byShard.values()];
}

function stateOf(states: readonly ShardState[], resource: string, store: Store): ShardState | undefined {
  const shard = store.shardOf(resource);
  return states.find((state) => state.shard === shard);
}

interface RefreshDeps {
  view: View;
  kinds: KindRegistry;
  clock: Clock;
}

async function refreshShard(state: ShardState, { view, kinds, clock }: RefreshDeps): Promise<void> {
  const askedAt = clock.now();
  const observedThen = state.observed;
  let result: ChangesResult = await state.shard.changes({
    resources: state.resources,
    ...(state.revision === undefined ? {} : { since: state.revision }),
  });
  let full = false;
  if (!result.ok) {
    result = await state.shard.changes({ resources: state.resources });
    if (!result.ok) throw new Error('storage refused a full read of the configuration');
    full = true;
  }
  // An answer that another caller's has overtaken would take the view back.
  if (state.revision === undefined || result.revision > state.revision) {
    if (full) view.clear(state.resources);
    for (const change of result.changes) {
      view.set(change.key, change.text === null ? undefined : parse(change.key, change.text, kinds));
    }
    state.revision = result.revision;
  }
  // What was observed before asking and still lies above the shard's revision came from another shard; asking again
  // would never satisfy it. What was observed meanwhile stands.
  if (state.observed === observedThen) state.observed = Math.min(observedThen, state.revision);
  if (askedAt > state.confirmedAt) state.confirmedAt = askedAt;
}

function parse(key: ObjectKey, text: string, kinds: KindRegistry): KubeObject {
  const object = JSON.parse(text) as KubeObject;
  const kind = kinds.byStored(key.resource);
  return kind?.fromStorage ? kind.fromStorage(object) : object;
}
