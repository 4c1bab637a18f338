import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { type Client, runInformer } from '../../client/index.ts';
import { type ConfigMap, configMaps, type Secret, secrets } from '../../kinds/index.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import type { ObjectReference, ObjectSource } from './context.ts';

export interface ObjectSourceOptions {
  client: Client;
  clock: Clock;
  random: Random;
}

interface Watched {
  users: Set<() => void>;
  /** Undefined: not read so far; null: there is none. */
  object: KubeObject | null | undefined;
  stop: AbortController;
}

const keyOf = ({ kind, namespace, name }: ObjectReference): string => `${kind}/${namespace}/${name}`;

/** Watches exactly the objects that pods use, by name. Upstream: pkg/kubelet/util/manager (watch strategy). */
export class ApiObjectSource implements ObjectSource {
  readonly #options: ObjectSourceOptions;
  readonly #watched = new Map<string, Watched>();

  constructor(options: ObjectSourceOptions) {
    this.#options = options;
  }

  async configMap(namespace: string, name: string): Promise<ConfigMap | undefined> {
    return (await this.#read({ kind: 'ConfigMap', namespace, name })) as ConfigMap | undefined;
  }

  async secret(namespace: string, name: string): Promise<Secret | undefined> {
    return (await this.#read({ kind: 'Secret', namespace, name })) as Secret | undefined;
  }

  async #read(reference: ObjectReference): Promise<KubeObject | undefined> {
    const watched = this.#watched.get(keyOf(reference));
    if (watched?.object) return watched.object;
    const { namespace, name } = reference;
    const { client } = this.#options;
    const key = { namespace, name };
    const found = await (reference.kind === 'Secret' ? client.find(secrets, key) : client.find(configMaps, key));
    const object = found as KubeObject | undefined;
    if (watched !== undefined && watched.object === undefined) watched.object = object ?? null;
    return object;
  }

  follow(references: readonly ObjectReference[], onChange: () => void): () => void {
    for (const reference of references) {
      const key = keyOf(reference);
      let watched = this.#watched.get(key);
      if (watched === undefined) {
        watched = { users: new Set(), object: undefined, stop: new AbortController() };
        this.#watched.set(key, watched);
        void this.#watch(reference, watched);
      }
      watched.users.add(onChange);
    }
    return () => {
      for (const reference of references) this.#release(keyOf(reference), onChange);
    };
  }

  #release(key: string, onChange: () => void): void {
    const watched = this.#watched.get(key);
    watched?.users.delete(onChange);
    if (watched?.users.size !== 0) return;
    watched.stop.abort();
    this.#watched.delete(key);
  }

  #watch(reference: ObjectReference, watched: Watched): Promise<void> {
    const { client, clock, random } = this.#options;
    const { kind, namespace, name } = reference;
    const set = (object: KubeObject | null): void => {
      const before = watched.object;
      watched.object = object;
      if (before === undefined || before?.metadata.resourceVersion === object?.metadata.resourceVersion) return;
      for (const user of watched.users) user();
    };
    return runInformer<KubeObject>({
      client,
      kind: (kind === 'Secret' ? secrets : configMaps) as never,
      namespace,
      fieldSelector: `metadata.name=${name}`,
      clock,
      random,
      signal: watched.stop.signal,
      onSet: (object) => set(object),
      onDelete: () => set(null),
    });
  }

  close(): void {
    for (const watched of this.#watched.values()) watched.stop.abort();
    this.#watched.clear();
  }
}

/** For simulated nodes: there is nothing, and nobody asks. */
export const emptyObjectSource: ObjectSource = {
  configMap: async () => undefined,
  secret: async () => undefined,
  follow: () => () => {},
};
