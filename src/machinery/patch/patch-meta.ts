/** What strategic merge must know of a type. Upstream: apimachinery/pkg/util/strategicpatch/meta.go. */
import { quote } from '../quote.ts';
import type { FieldSchema, ObjectSchema, ScalarType, Schema } from '../schema.ts';
import { failure } from './patch-failure.ts';

/** A type, and whether the field that has it is a pointer in Go. */
export interface PatchType {
  readonly schema: Schema;
  readonly pointer: boolean;
}

export interface FieldMeta {
  /** `merge`, `replace`, or empty for the default: maps merge, lists replace. */
  readonly strategy: string;
  readonly mergeKey: string;
  /** The type of the field; of its items, where the list was asked for. */
  readonly type: PatchType;
}

/** Named Go structs that a patch sees as JSON of any form; no field of theirs can be merged. */
const OPAQUE_STRUCTS: Partial<Record<ScalarType, string>> = {
  time: 'Time',
  microTime: 'MicroTime',
  duration: 'Duration',
  quantity: 'Quantity',
  intOrString: 'IntOrString',
  fieldsV1: 'FieldsV1',
  rawExtension: 'RawExtension',
  json: 'JSON',
};

const UINT8: Schema = { type: 'int32' };

/** How the member `name` of a struct merges. Throws 500 where the type has no members, or none of this name. */
export function fieldMeta({ schema }: PatchType, name: string): FieldMeta {
  const kind = goKind(schema);
  if (kind !== 'struct') throw failure(`merging an object in json but data type is not struct, instead is: ${kind}`);
  const field = schema.type === 'object' ? fieldNamed(schema, name) : undefined;
  if (field === undefined)
    throw failure(`unable to find api field in struct ${structName(schema)} for the json field ${quote(name)}`);
  const strategy = (field.patchStrategy ?? '').split(',').find((word) => word !== 'retainKeys') ?? '';
  return {
    strategy,
    mergeKey: field.patchMergeKey ?? '',
    type: { schema: field.schema, pointer: field.pointer === true },
  };
}

/** As `fieldMeta`, for a list: the type is that of its items. */
export function listMeta(parent: PatchType, name: string): FieldMeta {
  const meta = fieldMeta(parent, name);
  const { schema, pointer } = meta.type;
  if (schema.type === 'array') {
    if (goKind(schema.items) === 'slice') throw failure('unexpected slice of slice');
    return { ...meta, type: { schema: schema.items, pointer: false } };
  }
  if (schema.type === 'byte') return { ...meta, type: { schema: UINT8, pointer: false } };
  if (pointer) return meta;
  throw failure(`expected slice or array type, but got: ${parent.pointer ? 'ptr' : goKind(parent.schema)}`);
}

/** Names match without regard to case, when none matches as it is. */
function fieldNamed(schema: ObjectSchema, name: string): FieldSchema | undefined {
  const field = schema.fields.get(name);
  if (field !== undefined) return field;
  const folded = name.toLowerCase();
  for (const candidate of schema.fields.values()) if (candidate.name.toLowerCase() === folded) return candidate;
  return undefined;
}

/** What Go's reflection calls the kind of a type. */
export function goKind(schema: Schema): string {
  switch (schema.type) {
    case 'array':
    case 'byte':
      return 'slice';
    case 'map':
    case 'string':
    case 'bool':
    case 'int32':
    case 'int64':
    case 'float64':
      return schema.type;
    default:
      return 'struct';
  }
}

function structName(schema: Schema): string {
  if (schema.type === 'object') return schema.name?.split('.').pop() ?? '';
  return OPAQUE_STRUCTS[schema.type as ScalarType] ?? '';
}
