import type { Client, WatchEvent } from '../../../src/client/client.ts';
import type { KindRef } from '../../../src/machinery/kind.ts';
import type { KubeObject } from '../../../src/machinery/meta.ts';

/** A client whose objects are set by hand; enough for informers. */
export function fakeClient(): {
  client: Client;
  set(resource: string, object: KubeObject): void;
  remove(resource: string, object: KubeObject): void;
} {
  const objects = new Map<string, Map<string, KubeObject>>();
  const watchers = new Set<{ resource: string; push(event: WatchEvent): void }>();
  let revision = 1;
  const keyOf = (object: KubeObject) => `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
  const of = (resource: string) => {
    const known = objects.get(resource) ?? new Map<string, KubeObject>();
    objects.set(resource, known);
    return known;
  };
  const send = (resource: string, event: WatchEvent) => {
    for (const watcher of watchers) if (watcher.resource === resource) watcher.push(event);
  };
  async function* watch(kind: KindRef, signal?: AbortSignal): AsyncGenerator<WatchEvent> {
    const queue: WatchEvent[] = [];
    let wake = () => {};
    const watcher = {
      resource: kind.resource,
      push(event: WatchEvent) {
        queue.push(event);
        wake();
      },
    };
    watchers.add(watcher);
    signal?.addEventListener('abort', () => wake(), { once: true });
    while (!signal?.aborted) {
      const next = queue.shift();
      if (next) yield next;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
    watchers.delete(watcher);
  }
  const client = {
    list: async (kind: KindRef) => ({
      apiVersion: 'v1',
      kind: 'List',
      metadata: { resourceVersion: String(revision) },
      items: [...of(kind.resource).values()],
    }),
    find: async (kind: KindRef, key: { namespace?: string; name: string }) =>
      of(kind.resource).get(`${key.namespace ?? ''}/${key.name}`),
    create: async (kind: KindRef, object: KubeObject) => {
      of(kind.resource).set(keyOf(object), object);
      return object;
    },
    watch: (kind: KindRef, options?: { signal?: AbortSignal }) => watch(kind, options?.signal),
  } as unknown as Client;
  return {
    client,
    set(resource, object) {
      const stored = {
        ...object,
        metadata: { uid: `${resource}/${keyOf(object)}`, ...object.metadata, resourceVersion: String(++revision) },
      };
      const type = of(resource).has(keyOf(object)) ? 'MODIFIED' : 'ADDED';
      of(resource).set(keyOf(object), stored);
      send(resource, { type, object: stored });
    },
    remove(resource, object) {
      of(resource).delete(keyOf(object));
      send(resource, {
        type: 'DELETED',
        object: { ...object, metadata: { ...object.metadata, resourceVersion: String(++revision) } },
      });
    },
  };
}
