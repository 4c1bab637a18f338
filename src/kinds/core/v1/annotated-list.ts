/** Lists that stood in annotations before they had a field. Upstream: core/helper GetTolerationsFromPodAnnotations, GetTaintsFromNodeAnnotations. */
import { jsonArrayError, jsonTypeName } from '../../json-error.ts';

interface ListType {
  /** The Go type of an item, `core.Taint`. */
  readonly name: string;
  /** Its plain fields as Go calls them, and their types: numbers where they are `int64`, else texts. */
  readonly fields: Readonly<Record<string, string>>;
}

/** The plain fields of the items, under their JSON names; or what Go's decoder says of the text. */
export function decodeAnnotatedList<T extends object>(
  text: string,
  { name, fields }: ListType,
): { items: T[] } | { why: string } {
  const why = jsonArrayError(text, `[]${name}`);
  if (why !== undefined) return { why };
  const known = new Map(Object.entries(fields).map(([field, type]) => [field.toLowerCase(), { field, type }]));
  const items: T[] = [];
  for (const value of (JSON.parse(text) as unknown[] | null) ?? []) {
    if (value !== null && (typeof value !== 'object' || Array.isArray(value)))
      return { why: `json: cannot unmarshal ${jsonTypeName(value)} into Go value of type ${name}` };
    const item: Record<string, unknown> = {};
    for (const [key, member] of Object.entries(value ?? {})) {
      const found = known.get(key.toLowerCase());
      if (!found || member === null) continue;
      const { field, type } = found;
      if (typeof member !== (type === 'int64' ? 'number' : 'string')) {
        const at = `${name.slice(name.indexOf('.') + 1)}.${field}`;
        return { why: `json: cannot unmarshal ${jsonTypeName(member)} into Go struct field ${at} of type ${type}` };
      }
      item[field.charAt(0).toLowerCase() + field.slice(1)] = member;
    }
    items.push(item as T);
  }
  return { items };
}
