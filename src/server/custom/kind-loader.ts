/** Reads definitions and keeps the kinds of those that are in use. */
import {
  type CustomKinds,
  type CustomResourceDefinition,
  createCustomKinds,
  customResourceDefinitions,
  type DefinitionRecord,
} from '../../kinds/index.ts';
import { parseJson } from '../../machinery/exact-numbers.ts';
import type { Kind } from '../../machinery/kind.ts';
import { compileStructural } from '../../machinery/structural/index.ts';
import type { Store } from '../../storage/contract.ts';
import type { ConfigCache } from '../contract.ts';
import type { DefinitionIndex } from './definition-index.ts';

/** Characters of definitions whose kinds are kept ready; compiled schemas take a few times as much. */
const MAX_LOADED_CHARACTERS = 6 * 1024 * 1024;
/** Characters of definitions that are read at a time. */
const PAGE_CHARACTERS = 2 * 1024 * 1024;

interface Loaded {
  kinds: CustomKinds;
  size: number;
}

/**
 * The kinds in use, of all clusters that this isolate serves: they share its memory. The last used one is the last.
 */
const loaded = new Map<string, Loaded>();
let characters = 0;
let loaders = 0;

function keep(key: string, entry: Loaded): void {
  characters += entry.size - (loaded.get(key)?.size ?? 0);
  loaded.delete(key);
  loaded.set(key, entry);
  for (const [oldest, { size }] of loaded) {
    if (characters <= MAX_LOADED_CHARACTERS || oldest === key) break;
    characters -= size;
    loaded.delete(oldest);
  }
}

export interface KindLoader {
  /** The kinds of a definition, whole; undefined when it is gone. */
  kindsOf(record: DefinitionRecord): Promise<CustomKinds | undefined>;
  /** The served kinds of all definitions, a page at a time, so that they never lie in memory together. */
  everyKind(index: () => Promise<DefinitionIndex>): AsyncGenerator<readonly Kind[]>;
}

export function createKindLoader({ store, config }: { store: Store; config: ConfigCache }): KindLoader {
  const cluster = ++loaders;
  const { storedAs } = customResourceDefinitions;

  return {
    async kindsOf(record) {
      const { name } = record.metadata;
      const id = `${cluster}/${name}`;
      const known = loaded.get(id);
      if (known?.kinds.record === record) {
        keep(id, known);
        return known.kinds;
      }
      const { object, tracked } = await store.shardOf(storedAs).get({ resource: storedAs, namespace: '', name });
      config.observe(tracked, storedAs);
      if (!object) return undefined;
      const definition = parseJson(object.text) as CustomResourceDefinition;
      const kinds = createCustomKinds({ record, definition, compile: compileStructural });
      keep(id, { kinds, size: object.text.length });
      return kinds;
    },
    async *everyKind(index) {
      const known = await index();
      let after: { namespace: string; name: string } | undefined;
      do {
        const query = { resource: storedAs, maxCharacters: PAGE_CHARACTERS, ...(after ? { after } : {}) };
        const page = await store.shardOf(storedAs).list(query);
        if (!page.ok) return;
        yield servedKinds(JSON.parse(`[${page.text}]`) as CustomResourceDefinition[], known);
        after = page.next;
      } while (after);
    },
  };
}

function servedKinds(definitions: readonly CustomResourceDefinition[], index: DefinitionIndex): Kind[] {
  return definitions.flatMap((definition) => {
    const record = index.find(definition.spec.names.plural, definition.spec.group);
    if (!record?.established) return [];
    const kinds = createCustomKinds({ record, definition, compile: compileStructural });
    return record.versions.flatMap(({ name }) => kinds.version(name) ?? []);
  });
}
