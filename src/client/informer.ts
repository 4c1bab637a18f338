import { type Clock, delay } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { KindRef } from '../machinery/kind.ts';
import type { KubeObject } from '../machinery/meta.ts';
import { StatusError } from '../machinery/status.ts';
import type { Client } from './client.ts';

export interface InformerOptions<T extends KubeObject> {
  client: Client;
  kind: KindRef<T>;
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  clock: Clock;
  random: Random;
  /** Ends the informer. */
  signal: AbortSignal;
  /** An object is new or changed. A relist calls it only for what differs from what was known. */
  onSet(object: T, old: T | undefined): void | Promise<void>;
  /** An object is gone; `object` is its last known state. */
  onDelete(object: T): void | Promise<void>;
  /** After each complete list, the first one included. */
  onSynced?(objects: ReadonlyMap<string, T>): void;
  /** An attempt failed and is tried again after a pause. */
  onError?(error: unknown): void;
}

const MIN_BACKOFF = 800;
const MAX_BACKOFF = 30_000;

/** The key of an object in the informer's map: `namespace/name`, or `name` at cluster scope. */
export function informerKey(object: KubeObject): string {
  const { namespace, name } = object.metadata;
  return namespace ? `${namespace}/${name}` : (name ?? '');
}

/**
 * Keeps a copy of a selection of objects by list and watch until `signal` aborts: resumes a watch where it ended,
 * lists again when the version is gone (410), and waits longer after each failure in a row (0.8 s to 30 s, jittered).
 * Calls of the handlers are in order and one at a time. Upstream: client-go/tools/cache.Reflector.
 */
export async function runInformer<T extends KubeObject>(options: InformerOptions<T>): Promise<void> {
  const known = new Map<string, T>();
  let revision: string | undefined;
  let failures = 0;
  const { clock, random, signal } = options;
  while (!signal.aborted) {
    try {
      revision ??= await relist(options, known);
      for await (const version of follow(options, known, revision)) {
        revision = version;
        failures = 0;
      }
      // A watch that ends at once would otherwise become a busy loop.
      await delay(clock, MIN_BACKOFF * random.next(), signal);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof StatusError && error.code === 410) {
        revision = undefined;
        if (failures++ === 0) continue;
      }
      options.onError?.(error);
      const base = Math.min(MAX_BACKOFF, MIN_BACKOFF * 2 ** Math.min(failures++, 10));
      await delay(clock, base * (0.5 + random.next() / 2), signal).catch(() => {});
    }
  }
}

async function relist<T extends KubeObject>(options: InformerOptions<T>, known: Map<string, T>): Promise<string> {
  const { client, kind, namespace, labelSelector, fieldSelector } = options;
  const list = await client.list(kind, { namespace, labelSelector, fieldSelector });
  const gone = new Map(known);
  for (const object of list.items) {
    const key = informerKey(object);
    gone.delete(key);
    await set(options, known, object);
  }
  for (const [key, object] of gone) {
    await options.onDelete(object);
    known.delete(key);
  }
  options.onSynced?.(known);
  return list.metadata.resourceVersion ?? '';
}

/** Yields the version reached after each event. */
async function* follow<T extends KubeObject>(
  options: InformerOptions<T>,
  known: Map<string, T>,
  resourceVersion: string,
): AsyncGenerator<string> {
  const { client, kind, namespace, labelSelector, fieldSelector, signal } = options;
  for await (const event of client.watch(kind, { namespace, labelSelector, fieldSelector, resourceVersion, signal })) {
    const key = informerKey(event.object);
    if (event.type === 'DELETED') {
      await options.onDelete(event.object);
      known.delete(key);
    } else if (event.type !== 'BOOKMARK') {
      await set(options, known, event.object);
    }
    yield event.object.metadata.resourceVersion ?? resourceVersion;
  }
}

/** An object recreated under its name between two lists is the end of one and the start of another. */
async function set<T extends KubeObject>(options: InformerOptions<T>, known: Map<string, T>, object: T): Promise<void> {
  const key = informerKey(object);
  const old = known.get(key);
  if (old?.metadata.resourceVersion === object.metadata.resourceVersion && old !== undefined) return;
  if (old !== undefined && old.metadata.uid !== object.metadata.uid) {
    await options.onDelete(old);
    known.delete(key);
    await options.onSet(object, undefined);
  } else {
    await options.onSet(object, old);
  }
  // Only now: an object that the handler failed on counts as unknown and comes again.
  known.set(key, object);
}
