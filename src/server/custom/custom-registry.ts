/** The kinds of a cluster: the built-in ones and, loaded when they are asked for, those of custom resources. */
import { type CustomKinds, DEFINITION_RECORDS, type DefinitionRecord } from '../../kinds/index.ts';
import type { Kind, KindRegistry } from '../../machinery/kind.ts';
import type { Store } from '../../storage/contract.ts';
import type { ConfigCache, ConfigSnapshot } from '../contract.ts';
import { type DefinitionIndex, definitionIndexOf } from './definition-index.ts';
import { createKindLoader } from './kind-loader.ts';

export interface CustomRegistryOptions {
  builtIn: KindRegistry;
  config: ConfigCache;
  store: Store;
}

export interface CustomRegistry extends KindRegistry {
  index(): Promise<DefinitionIndex>;
  /** The kinds of a definition, whole; undefined when it is gone. */
  kindsOf(record: DefinitionRecord): Promise<CustomKinds | undefined>;
}

export function createCustomRegistry({ builtIn, config, store }: CustomRegistryOptions): CustomRegistry {
  const loader = createKindLoader({ store, config });
  let snapshot: ConfigSnapshot | undefined;
  let all: { custom: readonly Kind[]; kinds: readonly Kind[] } = { custom: [], kinds: builtIn.all() };

  const index = async (): Promise<DefinitionIndex> => {
    snapshot = await config.fresh();
    return definitionIndexOf(snapshot);
  };
  /** A record that is not there is asked for once more: it may be younger than what is known. */
  const findRecord = async (resource: string, group: string): Promise<DefinitionRecord | undefined> => {
    const known = (await index()).find(resource, group);
    if (known?.reachable) return known;
    await config.reload(DEFINITION_RECORDS);
    return (await index()).find(resource, group);
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
    async load(group, version, resource) {
      const known = builtIn.byResource(group, version, resource);
      if (known || group === '') return known;
      const record = await findRecord(resource, group);
      if (!record?.reachable || !record.versions.some(({ name, served }) => name === version && served))
        return undefined;
      return (await loader.kindsOf(record))?.version(version);
    },
    refresh: async () => void (await index()),
    async loadVersion(group, version) {
      const records = (await index()).inGroup(group).filter(({ established }) => established);
      const loaded = await Promise.all(records.map(loader.kindsOf));
      return loaded.flatMap((kinds) => kinds?.version(version) ?? []);
    },
    loadAll: () => loader.everyKind(index),
    index,
    kindsOf: loader.kindsOf,
  };
}
