/** What strategic merge must know of a type. Upstream: apimachinery/pkg/util/strategicpatch/meta.go. */
import type { Schema } from '../schema.ts';

/** A type; `schema` is undefined where nothing is known, so that everything merges as maps and replaces as lists. */
export interface PatchType {
  readonly name: string;
  readonly schema: Schema | undefined;
}

export interface FieldMeta {
  /** `merge`, `replace`, or empty for the default: maps merge, lists replace. */
  readonly strategy: string;
  readonly mergeKey: string;
  /** The type of the field. */
  readonly member: PatchType;
  /** The type of its items, for lists. */
  readonly element: PatchType;
}

const UNKNOWN: PatchType = { name: '', schema: undefined };

export function typeOf(schema: Schema | undefined): PatchType {
  if (schema === undefined) return UNKNOWN;
  return { name: schema.type === 'object' ? (schema.name?.split('.').pop() ?? '') : '', schema };
}

/** How the member `name` of a struct or a map merges. */
export function fieldMeta(type: PatchType, name: string): FieldMeta {
  const { schema } = type;
  if (schema?.type === 'map') return metaOf(schema.values);
  if (schema?.type !== 'object') return metaOf(undefined);
  const field = schema.fields.get(name);
  if (field === undefined) return metaOf(undefined);
  const strategy = (field.patchStrategy ?? '').split(',').find((word) => word !== 'retainKeys') ?? '';
  return { ...metaOf(field.schema), strategy, mergeKey: field.patchMergeKey ?? '' };
}

function metaOf(schema: Schema | undefined): FieldMeta {
  const element = schema?.type === 'array' ? typeOf(schema.items) : UNKNOWN;
  return { strategy: '', mergeKey: '', member: typeOf(schema), element };
}
