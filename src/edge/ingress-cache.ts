/** The routes of a cluster as of at most a second ago, kept in the isolate and brought up to date by `Shard.changes`. */
import type { Clock } from '../base/clock.ts';
import { type Ingress, type IngressClass, ingressClasses, ingresses } from '../kinds/index.ts';
import type { KubeObject } from '../machinery/meta.ts';
import type { Store } from '../storage/contract.ts';
import { Freshness } from './freshness.ts';
import { buildRouteTable, type RouteTable } from './route-table.ts';

export interface RouteSource {
  routes(): Promise<RouteTable>;
}

export function createRouteSource(options: { store: Store; clock: Clock }): RouteSource {
  const { store, clock } = options;
  const rules = new Collection<Ingress & KubeObject>(ingresses.storedAs);
  const classes = new Collection<IngressClass & KubeObject>(ingressClasses.storedAs);
  const freshness = new Freshness();
  let table: RouteTable | undefined;
  let version = -1;
  return {
    async routes() {
      const now = clock.now();
      if (freshness.claim(now) || table === undefined) {
        await Promise.all([rules.update(store), classes.update(store)]);
        freshness.confirm(now);
      }
      const seen = rules.version + classes.version;
      if (table === undefined || seen !== version) {
        table = buildRouteTable(rules.all(), classes.all());
        version = seen;
      }
      return table;
    },
  };
}

/** All objects of one resource. */
class Collection<T extends KubeObject> {
  readonly #resource: string;
  readonly #objects = new Map<string, T>();
  #revision: number | undefined;
  /** Rises with every change. */
  version = 0;

  constructor(resource: string) {
    this.#resource = resource;
  }

  all(): T[] {
    return [...this.#objects.values()];
  }

  async update(store: Store): Promise<void> {
    const shard = store.shardOf(this.#resource);
    const resources = [this.#resource];
    let full = this.#revision === undefined;
    let result = await shard.changes(full ? { resources } : { resources, since: this.#revision as number });
    if (!result.ok) {
      full = true;
      result = await shard.changes({ resources });
      if (!result.ok) throw new Error(`storage refused a full read of ${this.#resource}`);
    }
    // Another request's answer may have come first; an older one would take the view back.
    if (this.#revision !== undefined && result.revision <= this.#revision) return;
    if (full && this.#objects.size > 0) {
      this.#objects.clear();
      this.version += 1;
    }
    for (const { key, text } of result.changes) {
      const id = `${key.namespace}/${key.name}`;
      if (text === null) this.#objects.delete(id);
      else this.#objects.set(id, JSON.parse(text) as T);
      this.version += 1;
    }
    this.#revision = result.revision;
  }
}
