/**
 * What makes a schema structural: each field is specified outside of logical junctors, with one type.
 * Upstream: apiserver/schema/{convert,validation}.go.
 */
import { deepEqual } from '../../apply/deep-equal.ts';
import type { FieldError } from '../../status.ts';
import { forbiddenError, requiredError } from '../../validation/index.ts';
import type { JSONSchemaProps } from '../contract.ts';
import { invalidValue } from '../field-errors.ts';
import { child, hasDefault, isEmbedded, isIntOrString, itemsOf, key, preserves, propertyOf } from '../schema-node.ts';
import { patternOf } from '../values/pattern.ts';
import { completenessErrors } from './completeness.ts';
import { subSchemas } from './sub-schemas.ts';

type Level = 'root' | 'item' | 'field';

const INT_OR_STRING = [{ type: 'integer' }, { type: 'string' }];

/** The first thing in a schema that structural schemas cannot hold at all. Upstream: NewStructural. */
export function unsupportedPart(schema: JSONSchemaProps): string | undefined {
  const parts: [boolean, string][] = [
    [Boolean(schema.id), 'id'],
    [Boolean(schema.$schema), 'schema'],
    [Boolean(schema.$ref), '$ref'],
    [!isEmpty(schema.patternProperties), 'patternProperties'],
    [!isEmpty(schema.dependencies), 'dependencies'],
    [schema.additionalItems !== undefined, 'additionalItems'],
    [!isEmpty(schema.definitions), 'definitions'],
  ];
  const part = parts.find(([present]) => present);
  if (part) return `OpenAPIV3Schema '${part[1]}' is not supported`;
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined";
  if (Array.isArray(schema.items)) return "OpenAPIV3Schema 'items' must be a schema, but is an array";
  for (const inner of subSchemas(schema)) {
    const why = unsupportedPart(inner);
    if (why !== undefined) return why;
  }
  return undefined;
}

const isEmpty = (map: object | undefined): boolean => map === undefined || Object.keys(map).length === 0;

/** All faults, sorted by their text. `path` is that of the schema. */
export function structuralErrors(schema: JSONSchemaProps, path: string): FieldError[] {
  const errors = [...invariants(schema, path, 'root'), ...completenessErrors(schema, path)];
  const texts = new Map(errors.map((error) => [error, `${error.field}: ${error.message}`]));
  return errors.sort((a, b) => (texts.get(a)! < texts.get(b)! ? -1 : texts.get(a)! > texts.get(b)! ? 1 : 0));
}

function invariants(schema: JSONSchemaProps, path: string, level: Level): FieldError[] {
  const errors: FieldError[] = [];
  const items = itemsOf(schema);
  if (schema.type === 'array' && items === undefined)
    errors.push(requiredError(child(path, 'items'), 'must be specified'));
  if (items !== undefined) errors.push(...invariants(items, child(path, 'items'), 'item'));
  for (const [name, field] of Object.entries(schema.properties ?? {}))
    errors.push(...invariants(field, key(child(path, 'properties'), name), 'field'));
  const { additionalProperties: additional } = schema;
  if (additional !== undefined && level === 'root')
    errors.push(forbiddenError(child(path, 'additionalProperties'), 'must not be used at the root'));
  if (typeof additional === 'object')
    errors.push(...invariants(additional, child(path, 'additionalProperties'), 'field'));
  errors.push(...extensionErrors(schema, path), ...junctorErrors(schema, path, junctorExceptions(schema)));
  errors.push(...typeErrors(schema, path, level), ...resourceErrors(schema, path, level));
  return errors;
}

function extensionErrors(schema: JSONSchemaProps, path: string): FieldError[] {
  if (!isIntOrString(schema)) return [];
  const names = ['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const;
  return names
    .filter((name) => schema[name] === true)
    .map((name) => invalidValue(child(path, name), true, 'must be false if x-kubernetes-int-or-string is true'));
}

const NO_TYPE: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};

function typeErrors(schema: JSONSchemaProps, path: string, level: Level): FieldError[] {
  const errors: FieldError[] = [];
  const at = child(path, 'type');
  const type = schema.type ?? '';
  if (isEmbedded(schema) && type !== 'object') {
    const why = 'must be object if x-kubernetes-embedded-resource is true';
    errors.push(type === '' ? requiredError(at, why) : invalidValue(at, type, why));
  } else if (type === '' && !isIntOrString(schema) && !preserves(schema)) {
    errors.push(requiredError(at, NO_TYPE[level]));
  }
  if (isEmbedded(schema) && schema.additionalProperties !== undefined) {
    const why = 'must not be used if x-kubernetes-embedded-resource is set';
    errors.push(forbiddenError(child(path, 'additionalProperties'), why));
  }
  if (level === 'root' && type !== '' && type !== 'object')
    errors.push(invalidValue(at, type, 'must be object at the root'));
  return errors;
}

/** Type and metadata of whole objects may be restricted only a little. */
function resourceErrors(schema: JSONSchemaProps, path: string, level: Level): FieldError[] {
  const errors: FieldError[] = [];
  const resource = level === 'root' || isEmbedded(schema);
  const at = (name: string): string => key(child(path, 'properties'), name);
  for (const name of ['kind', 'apiVersion']) {
    const field = propertyOf(schema, name);
    if (resource && field !== undefined && field.type !== 'string')
      errors.push(invalidValue(child(at(name), 'type'), field.type ?? '', 'must be string'));
  }
  const metadata = propertyOf(schema, 'metadata');
  if (resource && metadata !== undefined && metadata.type !== 'object')
    errors.push(invalidValue(child(at('metadata'), 'type'), metadata.type ?? '', 'must be object'));
  if (level === 'root' && metadata !== undefined && saysMoreThanNames(metadata)) {
    const why = 'must not specify anything other than name and generateName, but metadata is implicitly specified';
    errors.push(forbiddenError(at('metadata'), why));
  }
  if (isEmbedded(schema) && !preserves(schema) && isEmpty(schema.properties)) {
    const why =
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields';
    errors.push(requiredError(child(path, 'properties'), why));
  }
  return errors;
}

function saysMoreThanNames({ type: _type, default: _default, properties, ...rest }: JSONSchemaProps): boolean {
  const names = Object.keys(properties ?? {});
  if (names.some((name) => name !== 'name' && name !== 'generateName')) return true;
  return Object.values(rest).some((value) => value !== undefined && value !== '' && value !== false);
}

interface Exceptions {
  /** The alternatives are those of an int-or-string. */
  anyOf: boolean;
  /** Those of the first member of `allOf` are. */
  firstAllOf: boolean;
}

const NO_EXCEPTIONS: Exceptions = { anyOf: false, firstAllOf: false };

const junctorExceptions = (schema: JSONSchemaProps): Exceptions => ({
  anyOf: deepEqual(schema.anyOf, INT_OR_STRING),
  firstAllOf: deepEqual(schema.allOf?.[0]?.anyOf, INT_OR_STRING),
});

function junctorErrors(schema: JSONSchemaProps, path: string, skip: Exceptions): FieldError[] {
  const errors: FieldError[] = [];
  const nested = (name: 'anyOf' | 'allOf' | 'oneOf', exceptions: (index: number) => Exceptions): void => {
    for (const [index, inner] of (schema[name] ?? []).entries())
      errors.push(...nestedErrors(inner, `${child(path, name)}[${index}]`, exceptions(index)));
  };
  if (!skip.anyOf) nested('anyOf', () => NO_EXCEPTIONS);
  nested('allOf', (index) => ({ anyOf: skip.firstAllOf && index === 0, firstAllOf: false }));
  nested('oneOf', () => NO_EXCEPTIONS);
  if (schema.not !== undefined) errors.push(...nestedErrors(schema.not, child(path, 'not'), NO_EXCEPTIONS));
  if (schema.pattern) {
    const pattern = patternOf(schema.pattern);
    const why = pattern.ok ? '' : `must be a valid regular expression, but isn't: ${pattern.error}`;
    if (!pattern.ok) errors.push(invalidValue(child(path, 'pattern'), schema.pattern, why));
  }
  return errors;
}

const EMPTY = 'must be empty to be structural';
const UNDEFINED = 'must be undefined to be structural';
const FALSE = 'must be false to be structural';

/** What is said once outside of junctors and may not be said again inside. */
const OUTSIDE: readonly [keyof JSONSchemaProps, string][] = [
  ['title', EMPTY],
  ['description', EMPTY],
  ['nullable', FALSE],
  ['x-kubernetes-preserve-unknown-fields', FALSE],
  ['x-kubernetes-embedded-resource', FALSE],
  ['x-kubernetes-int-or-string', FALSE],
  ['x-kubernetes-list-map-keys', EMPTY],
  ['x-kubernetes-list-type', UNDEFINED],
  ['x-kubernetes-map-type', UNDEFINED],
  ['x-kubernetes-validations', EMPTY],
];

const isSet = (value: unknown): boolean =>
  value !== undefined && value !== '' && value !== false && !(Array.isArray(value) && value.length === 0);

function nestedErrors(schema: JSONSchemaProps, path: string, skip: Exceptions): FieldError[] {
  const errors = junctorErrors(schema, path, skip);
  const items = itemsOf(schema);
  if (items !== undefined) errors.push(...nestedErrors(items, child(path, 'items'), NO_EXCEPTIONS));
  for (const [name, field] of Object.entries(schema.properties ?? {}))
    errors.push(...nestedErrors(field, key(child(path, 'properties'), name), NO_EXCEPTIONS));
  const forbid = (name: string, why: string): number => errors.push(forbiddenError(child(path, name), why));
  if (schema.type) forbid('type', EMPTY);
  if (schema.additionalProperties !== undefined && schema.additionalProperties !== false)
    forbid('additionalProperties', UNDEFINED);
  if (hasDefault(schema)) forbid('default', UNDEFINED);
  for (const [name, why] of OUTSIDE) {
    const typed = name === 'x-kubernetes-list-type' || name === 'x-kubernetes-map-type';
    if (typed ? schema[name] !== undefined : isSet(schema[name])) forbid(name, why);
  }
  if (propertyOf(schema, 'metadata') !== undefined)
    errors.push(
      forbiddenError(key(child(path, 'properties'), 'metadata'), 'must not be specified in a nested context'),
    );
  return errors;
}
