/**
 * What patches and apply see of a custom resource: its schema as fields, maps and lists. Upstream: the published
 * OpenAPI of the version, read by kube-openapi/pkg/schemaconv.
 */
import type { FieldSchema, ObjectSchema, Schema } from '../schema.ts';
import type { JSONSchemaProps } from './contract.ts';
import { hasDefault, isEmbedded, itemsOf, preserves } from './schema-node.ts';

interface Context {
  metadata: ObjectSchema;
  /** Unknown fields are kept here, because this schema or one above it says so. */
  open: boolean;
}

const ANY: Schema = { type: 'any' };
const STRING: Schema = { type: 'string' };
const FORMATTED: Schema = { type: 'json', isScalar: true };

/** The structure of whole objects; `metadata` is the type of their metadata. */
export function rootSchema(
  props: JSONSchemaProps | undefined,
  { metadata, open, decode }: Context & { decode: NonNullable<ObjectSchema['decode']> },
): ObjectSchema {
  const context: Context = { metadata, open: open || props === undefined || preserves(props) };
  let fields: ReadonlyMap<string, FieldSchema> | undefined;
  return {
    type: 'object',
    get fields() {
      fields ??= fieldsOf(props ?? {}, { ...context, resource: true });
      return fields;
    },
    ...descriptionOf(props),
    ...mapTypeOf(props),
    ...(context.open ? { preserveUnknownFields: true } : {}),
    decode,
  };
}

const descriptionOf = (props: JSONSchemaProps | undefined): { description?: string } =>
  props?.description ? { description: props.description } : {};

function mapTypeOf(props: JSONSchemaProps | undefined): { mapType?: 'atomic' | 'granular' } {
  const mapType = props?.['x-kubernetes-map-type'];
  return mapType === 'atomic' || mapType === 'granular' ? { mapType } : {};
}

function fieldsOf(props: JSONSchemaProps, context: Context & { resource: boolean }): ReadonlyMap<string, FieldSchema> {
  const fields = new Map<string, FieldSchema>();
  const required = new Set(props.required ?? []);
  if (context.resource) {
    fields.set('apiVersion', { name: 'apiVersion', schema: STRING });
    fields.set('kind', { name: 'kind', schema: STRING });
    fields.set('metadata', { name: 'metadata', schema: context.metadata });
  }
  const inner: Context = { metadata: context.metadata, open: context.open };
  for (const [name, field] of Object.entries(props.properties ?? {})) {
    if (!fields.has(name)) fields.set(name, fieldOf(name, field, { ...inner, required: required.has(name) }));
  }
  return fields;
}

function fieldOf(name: string, props: JSONSchemaProps, context: Context & { required: boolean }): FieldSchema {
  let schema: Schema | undefined;
  return {
    name,
    get schema() {
      schema ??= schemaOf(props, context);
      return schema;
    },
    ...descriptionOf(props),
    ...(context.required ? { required: true } : {}),
    ...(hasDefault(props) ? { default: props.default } : {}),
  };
}

function schemaOf(props: JSONSchemaProps, outer: Context): Schema {
  const context: Context = { metadata: outer.metadata, open: outer.open || preserves(props) };
  switch (props.type ?? '') {
    case 'object':
      return objectOf(props, context);
    case 'array':
      return arrayOf(props, context);
    case 'integer':
      return { type: 'int64' };
    case 'number':
      return { type: 'float64' };
    case 'boolean':
      return { type: 'bool' };
    case 'string':
      // Upstream merges strings of a format without looking at their type.
      return !props.format || props.format === 'byte' ? STRING : FORMATTED;
    default:
      return props.properties === undefined ? ANY : objectOf(props, context);
  }
}

function objectOf(props: JSONSchemaProps, context: Context): Schema {
  const { additionalProperties: additional } = props;
  const mapType = mapTypeOf(props);
  const resource = isEmbedded(props);
  const empty = Object.keys(props.properties ?? {}).length === 0;
  if (empty && !resource && additional !== false) {
    const values = typeof additional === 'object' ? schemaOf(additional, context) : ANY;
    return { type: 'map', values, ...mapType };
  }
  let fields: ReadonlyMap<string, FieldSchema> | undefined;
  const open = additional === undefined ? context.open : additional !== false;
  return {
    type: 'object',
    get fields() {
      fields ??= fieldsOf(props, { ...context, resource });
      return fields;
    },
    ...descriptionOf(props),
    ...mapType,
    ...(open ? { preserveUnknownFields: true } : {}),
    ...(resource ? { embeddedResource: true } : {}),
  };
}

function arrayOf(props: JSONSchemaProps, context: Context): Schema {
  const items = itemsOf(props);
  const listType = props['x-kubernetes-list-type'];
  let schema: Schema | undefined;
  return {
    type: 'array',
    get items() {
      schema ??= items === undefined ? { type: 'json' } : schemaOf(items, context);
      return schema;
    },
    ...(listType === 'set' || listType === 'map' || listType === 'atomic' ? { listType } : {}),
    ...(listType === 'map' ? { listMapKeys: props['x-kubernetes-list-map-keys'] ?? [] } : {}),
  };
}
