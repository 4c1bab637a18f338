import type { CelField, CelKind, CelType } from './contract.ts';

const none: readonly CelType[] = [];

function scalar(kind: CelKind, name: string): CelType {
  return { kind, name, params: none };
}

export const boolType = scalar('bool', 'bool');
export const intType = scalar('int', 'int');
export const uintType = scalar('uint', 'uint');
export const doubleType = scalar('double', 'double');
export const stringType = scalar('string', 'string');
export const bytesType = scalar('bytes', 'bytes');
export const durationType = scalar('duration', 'google.protobuf.Duration');
export const timestampType = scalar('timestamp', 'google.protobuf.Timestamp');
export const nullType = scalar('null', 'null_type');
export const dynType = scalar('dyn', 'dyn');
/** `dyn` under the name that values of unknown kind have in device selectors. */
export const anyType = scalar('dyn', 'google.protobuf.Any');
export const errorType = scalar('error', '!error!');
export const anyTypeType = scalar('type', 'type');

/** What a list type of a schema says beyond its elements. */
export type ListFacts = Pick<CelType, 'maxElements' | 'listType' | 'listMapKeys'>;

export function listOf(element: CelType, facts?: ListFacts): CelType {
  return { kind: 'list', name: 'list', params: [element], minSerializedSize: 2, ...facts };
}

export function mapOf(key: CelType, value: CelType, maxElements?: number): CelType {
  return {
    kind: 'map',
    name: 'map',
    params: [key, value],
    minSerializedSize: 2,
    ...(maxElements === undefined ? {} : { maxElements }),
  };
}

/** An object type. Types of the same name are the same type; the fields are asked for on first use. */
export function objectOf(name: string, fields: () => Iterable<CelField>): CelType {
  let known: ReadonlyMap<string, CelField> | undefined;
  return {
    kind: 'object',
    name,
    params: none,
    minSerializedSize: 2,
    fields: () => (known ??= new Map([...fields()].map((field) => [field.name, field]))),
  };
}

/** A type whose values are made and read by functions only. */
export function opaqueOf(name: string, ...params: readonly CelType[]): CelType {
  return { kind: 'opaque', name, params };
}

/** An object type without fields, as upstream's libraries declare theirs. */
export function hostOf(name: string): CelType {
  return { kind: 'object', name, params: none, fields: () => new Map() };
}

export function optionalOf(value: CelType): CelType {
  return opaqueOf('optional_type', value);
}

export function typeOf(type: CelType): CelType {
  return { kind: 'type', name: 'type', params: [type] };
}

export function paramOf(name: string): CelType {
  return scalar('param', name);
}

export function isOptional(type: CelType): boolean {
  return type.kind === 'opaque' && type.name === 'optional_type';
}

/** A field whose escaped name is its key. */
export function fieldOf(name: string, type: CelType): CelField {
  return { name, key: name, type };
}

/** Whether two types are the same, sizes aside. */
export function sameType(a: CelType, b: CelType): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind || a.params.length !== b.params.length) return false;
  if (a.kind === 'error') return true;
  return a.name === b.name && a.params.every((param, index) => sameType(param, b.params[index] as CelType));
}

/** A type as error texts show it. Upstream: checker/format.go */
export function formatType(type: CelType): string {
  switch (type.kind) {
    case 'duration':
    case 'timestamp':
    case 'null':
      return type.kind;
    case 'error':
    case 'param':
      return type.name;
    case 'dyn':
      return type.name === anyType.name ? 'any' : type.name;
    default:
      return type.params.length === 0 ? type.name : `${type.name}(${type.params.map(formatType).join(', ')})`;
  }
}

/** A type as upstream prints it where it does not shorten names. */
export function typeText({ name, params }: CelType): string {
  return params.length === 0 ? name : `${name}(${params.map(typeText).join(', ')})`;
}

/** A call's argument types as error texts show them: `int.(string, bool)` for members. */
export function formatSignature(args: readonly CelType[], member: boolean): string {
  const rest = (member ? args.slice(1) : args).map(formatType).join(', ');
  return member ? `${formatType(args[0] as CelType)}.(${rest})` : `(${rest})`;
}
