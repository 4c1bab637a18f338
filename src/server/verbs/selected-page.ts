/**
 * Lists of custom resources by fields of their own. Which fields those are changes with the definition, and objects that
 * were written before are not known to storage by them, so they are looked into here.
 */
import { parseJson } from '../../machinery/exact-numbers.ts';
import { compileJsonPath, type JsonPath } from '../../machinery/json-path.ts';
import type { Kind } from '../../machinery/kind.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import type { FieldRequirement, ListQuery } from '../../storage/contract.ts';
import type { ListPage } from '../respond/list.ts';

/** The requirements of a query that storage cannot be asked. */
export function ownFields(kind: Kind, { fields }: ListQuery): FieldRequirement[] {
  if (!kind.itemsCarryType || !fields) return [];
  return fields.filter(({ field }) => nameOf(kind, field) !== undefined);
}

/** The name of a field of the objects that storage knows as `stored`. */
const nameOf = ({ selectableFields, storedFields }: Kind, stored: string): string | undefined =>
  selectableFields.find((name) => (storedFields?.[name] ?? name) === stored);

/** A page of the objects that `own` selects; `read` gives pages of all. */
export async function selectPage(
  kind: Kind,
  { query, own }: { query: ListQuery; own: readonly FieldRequirement[] },
  read: (query: ListQuery) => Promise<ListPage>,
): Promise<ListPage> {
  const matches = matcherOf(kind, own);
  const others = query.fields?.filter((field) => !own.includes(field)) ?? [];
  const { fields: _, ...rest } = query;
  const texts: string[] = [];
  let characters = 0;
  let asked: ListQuery = others.length > 0 ? { ...rest, fields: others } : rest;
  for (;;) {
    const page = await read(asked);
    const objects = parseJson(`[${page.text}]`) as KubeObject[];
    for (const [index, object] of objects.entries()) {
      const text = JSON.stringify(object);
      const key = { namespace: object.metadata.namespace ?? '', name: object.metadata.name ?? '' };
      if (!matches(object)) continue;
      texts.push(text);
      characters += text.length;
      const full = texts.length === query.limit || characters > (query.maxCharacters ?? Number.POSITIVE_INFINITY);
      if (full && (index < objects.length - 1 || page.next)) return pageOf(page, texts, key);
    }
    if (!page.next) return pageOf(page, texts, undefined);
    asked = { ...asked, after: page.next, revision: page.revision };
  }
}

function pageOf({ remaining: _, next: __, ...page }: ListPage, texts: string[], next: ListPage['next']): ListPage {
  return { ...page, text: texts.join(','), count: texts.length, ...(next ? { next } : {}) };
}

const paths = new Map<string, JsonPath | undefined>();
const MAX_PATHS = 1_000;

/** Takes over the objects that it is given. */
function matcherOf(kind: Kind, own: readonly FieldRequirement[]): (object: KubeObject) => boolean {
  return (object) => {
    const read = kind.fromStorage?.(object) ?? object;
    return own.every(
      ({ field, operator, value }) => (fieldValue(read, nameOf(kind, field) ?? field) === value) === (operator === '='),
    );
  };
}

function fieldValue(object: KubeObject, field: string): string {
  if (!paths.has(field)) {
    if (paths.size >= MAX_PATHS) paths.clear();
    paths.set(field, compileJsonPath(`.${field}`));
  }
  const value = paths.get(field)?.(object)[0];
  return value === undefined || value === null ? '' : String(value);
}
