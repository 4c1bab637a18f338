/** Reads the pods of a batch of changes: one by one, or with one list where that is less work. */
import type { Client } from '../client/client.ts';
import { type Pod, pods } from '../kinds/index.ts';
import { StatusError } from '../machinery/status.ts';

export interface ReadOptions {
  client: Client;
  /** Pods that the scheduler knows: about how many a list looks at. */
  known: number;
  onError(message: string, error: unknown): void;
}

interface Key {
  namespace: string;
  name: string;
}

/** Fewer pods of a namespace than this are read one by one. */
const MIN_LIST = 8;
/** A read costs about as much as looking at so many pods in a list. */
const LOOKS_PER_READ = 100;

/**
 * The pods of `keys` as they are now, without `pod` where there is none. A pod that cannot be read for a reason that
 * stays is left out, so that it does not hold up the others; a fault of the moment is thrown.
 */
export async function* readUnplaced(
  keys: readonly Key[],
  options: ReadOptions,
): AsyncGenerator<{ key: string; pod?: Pod }> {
  const byNamespace = Map.groupBy(keys, ({ namespace }) => namespace);
  const parts = [...byNamespace].map(([namespace, part]) => readPart(namespace, part, options));
  for (const part of await Promise.all(parts)) yield* part;
}

async function readPart(
  namespace: string,
  keys: readonly Key[],
  options: ReadOptions,
): Promise<{ key: string; pod?: Pod }[]> {
  const listed = new Map<string, Pod>();
  if (keys.length >= MIN_LIST && keys.length * LOOKS_PER_READ >= options.known) {
    const { items } = await options.client.list(pods, { namespace, fieldSelector: 'spec.nodeName=' });
    for (const pod of items) listed.set(pod.metadata.name ?? '', pod);
  }
  const found = await Promise.all(
    keys.map(async ({ name }) => {
      const pod = listed.get(name);
      return pod ? [{ key: `${namespace}/${name}`, pod }] : readOne({ namespace, name }, options);
    }),
  );
  return found.flat();
}

async function readOne(key: Key, { client, onError }: ReadOptions): Promise<{ key: string; pod?: Pod }[]> {
  const id = `${key.namespace}/${key.name}`;
  try {
    const pod = await client.find(pods, key);
    return [pod ? { key: id, pod } : { key: id }];
  } catch (error) {
    if (!(error instanceof StatusError) || error.code >= 500 || error.code === 429) throw error;
    onError(`reading ${id}`, error);
    return [];
  }
}
