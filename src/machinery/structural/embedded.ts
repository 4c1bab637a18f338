/** Type and metadata of whole API objects inside custom resources. Upstream: apiserver/schema/objectmeta. */

import { DecodeError, decodeObject, strictErrors } from '../fields/index.ts';
import type { ObjectMeta } from '../meta.ts';
import { setMember } from '../own-member.ts';
import type { ObjectSchema } from '../schema.ts';
import type { FieldError } from '../status.ts';
import { dns1035Label, requiredError, validateGenericMeta } from '../validation/index.ts';
import type { JSONSchemaProps } from './contract.ts';
import { invalidValue } from './field-errors.ts';
import { additionalOf, child, isEmbedded, isMap, itemsOf, type JsonMap, key, own } from './schema-node.ts';

/** Metadata that does not fit its type, at the path of an embedded object. */
export class EmbeddedError extends Error {
  override readonly name = 'EmbeddedError';
  readonly fieldError: FieldError;
  constructor(fieldError: FieldError) {
    super(`${fieldError.field}: ${fieldError.message}`);
    this.fieldError = fieldError;
  }
}

/** Whether a schema has an embedded resource anywhere, so that most values need no walk. */
export function hasEmbedded(schema: JSONSchemaProps | undefined): boolean {
  if (schema === undefined) return false;
  if (isEmbedded(schema) || hasEmbedded(itemsOf(schema)) || hasEmbedded(additionalOf(schema))) return true;
  return Object.values(schema.properties ?? {}).some(hasEmbedded);
}

export interface CoerceOptions {
  /** The type of metadata. */
  metadata: ObjectSchema;
  /** Drop what does not fit instead of failing. */
  dropInvalid: boolean;
}

/**
 * The normal form of `metadata`, and the paths of unknown fields in it (below `path`). Throws a DecodeError, or drops
 * the fields that do not fit. Upstream: GetObjectMetaWithOptions, SetObjectMeta.
 */
export function coerceMetadata(
  metadata: unknown,
  path: string,
  { metadata: schema, dropInvalid }: CoerceOptions,
): { metadata: JsonMap; unknown: string[] } {
  try {
    return decodeMetadata(metadata, path, schema);
  } catch (error) {
    if (!dropInvalid || !(error instanceof DecodeError)) throw error;
  }
  const out: JsonMap = {};
  if (!isMap(metadata)) return { metadata: out, unknown: [] };
  for (const name of Object.keys(metadata)) {
    try {
      Object.assign(out, decodeMetadata({ [name]: metadata[name] }, path, schema).metadata);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
  }
  return { metadata: out, unknown: [] };
}

function decodeMetadata(
  metadata: unknown,
  path: string,
  schema: ObjectSchema,
): { metadata: JsonMap; unknown: string[] } {
  const text = isMap(metadata) ? JSON.stringify(metadata) : '';
  const decoded = decodeInOrder(metadata ?? {}, schema);
  const unknown = decoded.unknown
    ? strictErrors(schema, text)
        .filter((line) => line.startsWith('unknown field '))
        .map((line) => child(path, JSON.parse(line.slice('unknown field '.length)) as string))
    : [];
  return { metadata: decoded.object, unknown };
}

/** Go writes the metadata down again before it reads them, so that of several errors the first by name is told. */
function decodeInOrder(metadata: unknown, schema: ObjectSchema): { object: JsonMap; unknown: boolean } {
  try {
    return decodeObject<JsonMap>(schema, metadata);
  } catch (error) {
    if (isMap(metadata))
      for (const name of Object.keys(metadata).sort()) decodeObject(schema, { [name]: metadata[name] });
    throw error;
  }
}

/**
 * Brings type and metadata of the embedded resources in a value into normal form, in place; returns the paths of the
 * unknown fields that were dropped. With `resource` the value is itself one. Throws an EmbeddedError.
 */
export function coerceEmbedded(
  value: unknown,
  schema: JSONSchemaProps,
  options: CoerceOptions & { path?: string; resource?: boolean },
): string[] {
  const unknown: string[] = [];
  coerce(value, schema, { ...options, path: options.path ?? '', resource: options.resource === true, unknown });
  return unknown.sort();
}

interface Place extends CoerceOptions {
  path: string;
  resource: boolean;
  unknown: string[];
}

function coerce(value: unknown, schema: JSONSchemaProps | undefined, place: Place): void {
  if (typeof value !== 'object' || value === null) return;
  const resource = place.resource || (schema !== undefined && isEmbedded(schema));
  if (Array.isArray(value)) {
    const items = schema === undefined ? undefined : itemsOf(schema);
    if (items === undefined) return;
    for (let i = 0; i < value.length; i++) {
      coerce(value[i], items, { ...place, path: `${place.path}[${i}]`, resource: false });
    }
    return;
  }
  const map = value as JsonMap;
  if (resource) coerceResource(map, place);
  if (schema === undefined) return;
  const additional = additionalOf(schema);
  for (const name of Object.keys(map)) {
    const declared = schema.properties === undefined ? undefined : own(schema.properties, name);
    const next = declared ?? additional;
    if (next === undefined || typeof map[name] !== 'object') continue;
    const path = declared === undefined ? key(place.path, name) : child(place.path, name);
    coerce(map[name], next, { ...place, path, resource: false });
  }
}

function coerceResource(map: JsonMap, place: Place): void {
  for (const name of ['apiVersion', 'kind']) {
    if (!Object.hasOwn(map, name) || typeof map[name] === 'string') continue;
    if (!place.dropInvalid)
      throw new EmbeddedError(invalidValue(child(place.path, name), map[name], 'must be a string'));
    delete map[name];
  }
  if (!Object.hasOwn(map, 'metadata')) return;
  const path = child(place.path, 'metadata');
  try {
    const { metadata, unknown } = coerceMetadata(map.metadata, path, place);
    place.unknown.push(...unknown);
    if (metadata.creationTimestamp === null) delete metadata.creationTimestamp;
    setMember(map, 'metadata', metadata);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new EmbeddedError(invalidValue(path, map.metadata, error.message));
  }
}

/** Type and metadata of embedded resources; with `resource` the value is itself one. Upstream: objectmeta.Validate. */
export function validateEmbedded(
  value: unknown,
  schema: JSONSchemaProps,
  options: { metadata: ObjectSchema; path: string; resource?: boolean },
): FieldError[] {
  const errors: FieldError[] = [];
  validate(value, schema, { ...options, errors, resource: options.resource === true });
  return errors;
}

interface CheckedPlace {
  metadata: ObjectSchema;
  path: string;
  resource: boolean;
  errors: FieldError[];
}

function validate(value: unknown, schema: JSONSchemaProps | undefined, place: CheckedPlace): void {
  if (schema === undefined || typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    if (items === undefined) return;
    for (let i = 0; i < value.length; i++)
      validate(value[i], items, { ...place, path: `${place.path}[${i}]`, resource: false });
    return;
  }
  const map = value as JsonMap;
  if (place.resource || isEmbedded(schema)) place.errors.push(...validateResource(map, place));
  const additional = additionalOf(schema);
  for (const name of Object.keys(map)) {
    const declared = schema.properties === undefined ? undefined : own(schema.properties, name);
    const path = declared === undefined ? key(place.path, name) : child(place.path, name);
    validate(map[name], declared ?? additional, { ...place, path, resource: false });
  }
}

function validateResource(map: JsonMap, { path, metadata }: CheckedPlace): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of ['apiVersion', 'kind']) {
    if (!Object.hasOwn(map, name)) errors.push(requiredError(child(path, name)));
  }
  for (const name of Object.keys(map)) {
    if (name === 'apiVersion') errors.push(...validateTypeText(map[name], child(path, name), groupVersionErrors));
    if (name === 'kind') errors.push(...validateTypeText(map[name], child(path, name), kindErrors));
    if (name === 'metadata') errors.push(...validateMetadata(map.metadata, child(path, name), metadata));
  }
  return errors;
}

function validateTypeText(value: unknown, path: string, check: (text: string) => string[]): FieldError[] {
  if (typeof value !== 'string') return [invalidValue(path, value, 'must be a string')];
  if (value === '') return [invalidValue(path, value, 'must not be empty')];
  return check(value).map((detail) => invalidValue(path, value, detail));
}

const groupVersionErrors = (text: string): string[] =>
  text.split('/').length > 2 ? [`unexpected GroupVersion string: ${text}`] : [];

function kindErrors(text: string): string[] {
  const errors = dns1035Label(text.toLowerCase());
  return errors.length === 0 ? [] : [`may have mixed case, but should otherwise match: ${errors.join(',')}`];
}

function validateMetadata(value: unknown, path: string, schema: ObjectSchema): FieldError[] {
  let meta: ObjectMeta;
  try {
    meta = decodeObject<ObjectMeta>(schema, structuredClone(value)).object;
  } catch (error) {
    if (error instanceof DecodeError) return [invalidValue(path, value, error.message)];
    throw error;
  }
  const named = meta.name ? meta : { ...meta, name: 'fakename' };
  const above = path.slice(0, -'metadata'.length);
  return validateGenericMeta(named, { namespaced: meta.namespace !== undefined && meta.namespace !== '' }).map(
    (error) => ({ ...error, field: `${above}${error.field}` }),
  );
}
