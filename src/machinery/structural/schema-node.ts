/** Reading a schema: the fields that JSON leaves open, names that every object inherits, and plain values. */
import type { JSONSchemaProps } from './contract.ts';

export type JsonMap = Record<string, unknown>;

export const isMap = (value: unknown): value is JsonMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value of a key of a map; undefined for what it only inherits. */
export const own = <T>(map: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(map, key) ? map[key] : undefined;

/** The schema of a declared property. */
export const propertyOf = (schema: JSONSchemaProps, name: string): JSONSchemaProps | undefined =>
  schema.properties === undefined ? undefined : own(schema.properties, name);

/** The one schema of the items; a list of schemas, which validation refuses, counts as none. */
export const itemsOf = (schema: JSONSchemaProps): JSONSchemaProps | undefined =>
  Array.isArray(schema.items) ? undefined : schema.items;

/** The schema of values that are no declared property; undefined also for `true` and `false`. */
export const additionalOf = (schema: JSONSchemaProps): JSONSchemaProps | undefined =>
  typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;

/** Whether a schema has a default; null is none. */
export const hasDefault = (schema: JSONSchemaProps): boolean => schema.default !== undefined && schema.default !== null;

export const preserves = (schema: JSONSchemaProps): boolean => schema['x-kubernetes-preserve-unknown-fields'] === true;
export const isEmbedded = (schema: JSONSchemaProps): boolean => schema['x-kubernetes-embedded-resource'] === true;
export const isIntOrString = (schema: JSONSchemaProps): boolean => schema['x-kubernetes-int-or-string'] === true;

/** The path of a property below another: `spec.a`; of one at the root, its name. */
export const child = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

/** The path of an entry of a map: `properties[a]`. */
export const key = (path: string, name: string): string => `${path}[${name}]`;
