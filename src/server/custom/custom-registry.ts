/** The kinds of a cluster: the built-in ones and, loaded when they are asked for, those of custom resources. */
import {
  type CustomKinds,
  type CustomResourceDefinition,
  createCustomKinds,
  customResourceDefinitions,
  type DefinitionRecord,
} from '../../kinds/index.ts';
import type { Kind, KindRegistry } from '../../machinery/kind.ts';
import { compileStructural } from '../../machinery/structural/index.ts';
import type { Store } from '../../storage/contract.ts';
import type { ConfigCache, ConfigSnapshot } from '../contract.ts';
import { type DefinitionIndex, definitionIndexOf } from './definition-index.ts';

export interface CustomRegistryOptions {
  builtIn: KindRegistry;
  config: ConfigCache;
  store: Store;
}

/** Characters of definitions whose kinds are kept ready; compiled schemas take a few times as much. */
const MAX_LOADED_CHARACTERS = 6 * 1024 * 1024;

interface Loaded {
  kinds: CustomKinds;
  size: number;
}

export interface CustomRegistry extends KindRegistry {
  index(): Promise<DefinitionIndex>;
  /** The kinds of a definition, whole; undefined when it is gone. */
  kindsOf(record: DefinitionRecord): Promise<CustomKinds | undefined>;
}

export function createCustomRegistry(options: CustomRegistryOptions): CustomRegistry {
  const { builtIn, config, store } = options;
  const loaded = new Map<string, Loaded>();
  let characters = 0;
  let snapshot: ConfigSnapshot | undefined;
  let all: { custom: readonly Kind[]; kinds: readonly Kind[] } = { custom: [], kinds: builtIn.all() };

  const index = async (): Promise<DefinitionIndex> => {
    snapshot = await config.fresh();
    return definitionIndexOf(snapshot);
  };

  const forget = (name: string): void => {
    characters -= loaded.get(name)?.size ?? 0;
    loaded.delete(name);
  };

  const keep = (name: string, entry: Loaded): void => {
    forget(name);
    loaded.set(name, entry);
    characters += entry.size;
    for (const oldest of loaded.keys()) {
      if (characters <= MAX_LOADED_CHARACTERS || oldest === name) break;
      forget(oldest);
    }
  };

  const kindsOf = async (record: DefinitionRecord): Promise<CustomKinds | undefined> => {
    const { name } = record.metadata;
    const known = loaded.get(name);
    if (known && known.kinds.record === record) {
      // The last used one is the last to go.
      loaded.delete(name);
      loaded.set(name, known);
      return known.kinds;
    }
    const key = { resource: customResourceDefinitions.storedAs, namespace: '', name };
    const { object, tracked } = await store.shardOf(key.resource).get(key);
    config.observe(tracked, key.resource);
    if (!object) return undefined;
    const definition = JSON.parse(object.text) as CustomResourceDefinition;
    const kinds = createCustomKinds({ record, definition, compile: compileStructural });
    keep(name, { kinds, size: object.text.length });
    return kinds;
  };

  const load = async (group: string, version: string, resource: string): Promise<Kind | undefined> => {
    const known = builtIn.byResource(group, version, resource);
    if (known || group === '') return known;
    const record = await findRecord({ index, config }, resource, group);
    if (!record?.reachable || !record.versions.some(({ name, served }) => name === version && served)) return undefined;
    return (await kindsOf(record))?.version(version);
  };

  return {
    ...builtIn,
    all() {
      if (snapshot === undefined) return builtIn.all();
      const custom = definitionIndexOf(snapshot).discovered;
      if (custom.length === 0) return builtIn.all();
      if (all.custom !== custom) all = { custom, kinds: [...builtIn.all(), ...custom] };
      return all.kinds;
    },
    load,
    refresh: async () => void (await index()),
    index,
    kindsOf,
  };
}

/** A record that is not there is asked for once more: it may be younger than what is known. */
async function findRecord(
  { index, config }: { index: () => Promise<DefinitionIndex>; config: ConfigCache },
  resource: string,
  group: string,
): Promise<DefinitionRecord | undefined> {
  const known = (await index()).find(resource, group);
  if (known?.reachable) return known;
  config.expire();
  return (await index()).find(resource, group);
}
