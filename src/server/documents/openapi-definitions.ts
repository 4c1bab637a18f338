/** OpenAPI definitions from schemas. Upstream: kube-openapi builder and builder3. */
import type { ArraySchema, FieldSchema, ObjectSchema, ScalarType, Schema } from '../../machinery/schema.ts';

export type OpenApiObject = Record<string, unknown>;

/** Descriptions by type name and field; that of the type itself under ''. */
export type Descriptions = Readonly<Record<string, Readonly<Record<string, string>>>>;

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';

interface NamedScalar {
  name: string;
  v2: OpenApiObject;
  v3: OpenApiObject;
}

const same = (name: string, definition: OpenApiObject): NamedScalar => ({ name, v2: definition, v3: definition });

/** Scalars that are published under a name of their own. */
const NAMED: Partial<Record<ScalarType, NamedScalar>> = {
  time: same(`${META}.Time`, { type: 'string', format: 'date-time' }),
  microTime: same(`${META}.MicroTime`, { type: 'string', format: 'date-time' }),
  duration: same(`${META}.Duration`, { type: 'string' }),
  fieldsV1: same(`${META}.FieldsV1`, { type: 'object' }),
  rawExtension: same('io.k8s.apimachinery.pkg.runtime.RawExtension', { type: 'object' }),
  json: same('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON', {}),
  quantity: {
    name: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
    v2: { type: 'string' },
    v3: { oneOf: [{ type: 'string' }, { type: 'number' }] },
  },
  intOrString: {
    name: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
    v2: { type: 'string', format: 'int-or-string' },
    v3: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
  },
};

const PLAIN: Partial<Record<ScalarType, OpenApiObject>> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  float64: { type: 'number', format: 'double' },
  byte: { type: 'string', format: 'byte' },
};

/** Collects the definitions that a document refers to; each type is written once. */
export class DefinitionWriter {
  readonly definitions: Record<string, OpenApiObject> = {};
  readonly #version: 2 | 3;
  readonly #descriptions: Descriptions;

  constructor(version: 2 | 3, descriptions: Descriptions) {
    this.#version = version;
    this.#descriptions = descriptions;
  }

  /** A reference to the definition of a type, which is added; `name` for types that do not carry one. */
  reference(schema: ObjectSchema, name = schema.openapi ?? ''): OpenApiObject {
    if (!Object.hasOwn(this.definitions, name)) {
      // Set before it is filled: types refer to themselves.
      const definition: OpenApiObject = {};
      this.definitions[name] = definition;
      Object.assign(definition, this.#object(schema));
    }
    return this.refer(name);
  }

  refer(name: string): OpenApiObject {
    return { $ref: this.#version === 2 ? `#/definitions/${name}` : `#/components/schemas/${name}` };
  }

  add(name: string, definition: OpenApiObject): OpenApiObject {
    this.definitions[name] ??= definition;
    return this.refer(name);
  }

  #object(schema: ObjectSchema): OpenApiObject {
    const texts = schema.name === undefined ? undefined : this.#descriptions[schema.name];
    const description = schema.description ?? texts?.[''];
    const properties: Record<string, OpenApiObject> = {};
    const required: string[] = [];
    for (const field of schema.fields.values()) {
      properties[field.name] = this.#field(field, field.description ?? texts?.[field.name]);
      if (field.required === true) required.push(field.name);
    }
    return {
      ...(description === undefined ? {} : { description }),
      type: 'object',
      ...(required.length > 0 ? { required } : {}),
      ...(schema.fields.size > 0 ? { properties } : {}),
      ...(schema.gvk === undefined ? {} : { 'x-kubernetes-group-version-kind': schema.gvk.map(parseGvk) }),
      ...(schema.mapType === undefined ? {} : { 'x-kubernetes-map-type': schema.mapType }),
      ...(schema.unions === undefined ? {} : { 'x-kubernetes-unions': schema.unions }),
      ...(schema.preserveUnknownFields === true ? { 'x-kubernetes-preserve-unknown-fields': true } : {}),
      ...(schema.embeddedResource === true ? { 'x-kubernetes-embedded-resource': true } : {}),
    };
  }

  #field(field: FieldSchema, description: string | undefined): OpenApiObject {
    const { schema } = field;
    const value = this.#value(schema, field.zeroItems === true);
    const extra: OpenApiObject = {
      ...(description === undefined ? {} : { description }),
      ...(field.default !== undefined
        ? { default: field.default }
        : field.zeroDefault === true && this.#version === 3
          ? { default: zeroDefault(schema) }
          : {}),
      ...(field.enum === undefined ? {} : { enum: field.enum }),
      ...(schema.type === 'array' ? listExtensions(schema) : {}),
      ...(schema.type === 'map' && schema.mapType === 'atomic' ? { 'x-kubernetes-map-type': 'atomic' } : {}),
      ...(field.patchMergeKey === undefined ? {} : { 'x-kubernetes-patch-merge-key': field.patchMergeKey }),
      ...(field.patchStrategy === undefined ? {} : { 'x-kubernetes-patch-strategy': field.patchStrategy }),
    };
    if (value.$ref === undefined || this.#version === 2 || Object.keys(extra).length === 0)
      return { ...extra, ...value };
    // A reference has no siblings in version 3.
    return { allOf: [value], ...extra };
  }

  #value(schema: Schema, zeroItems: boolean): OpenApiObject {
    if (schema.type === 'object') return schema.openapi === undefined ? this.#object(schema) : this.reference(schema);
    if (schema.type === 'array') return { type: 'array', items: this.#element(schema.items, zeroItems) };
    if (schema.type === 'map') return { type: 'object', additionalProperties: this.#element(schema.values, zeroItems) };
    if (schema.openapi !== undefined) return this.add(schema.openapi, {});
    const named = NAMED[schema.type];
    if (named !== undefined) return this.add(named.name, this.#version === 2 ? named.v2 : named.v3);
    return { ...PLAIN[schema.type], ...(schema.enum === undefined ? {} : { enum: schema.enum }) };
  }

  #element(schema: Schema, zero: boolean): OpenApiObject {
    const value = this.#value(schema, false);
    if (!zero || this.#version === 2) return value;
    return value.$ref === undefined
      ? { ...value, default: zeroDefault(schema) }
      : { allOf: [value], default: zeroDefault(schema) };
  }
}

function listExtensions(schema: ArraySchema): OpenApiObject {
  return {
    ...(schema.listType === undefined ? {} : { 'x-kubernetes-list-type': schema.listType }),
    ...(schema.listMapKeys === undefined ? {} : { 'x-kubernetes-list-map-keys': schema.listMapKeys }),
  };
}

function zeroDefault(schema: Schema): unknown {
  if (schema.type === 'string') return '';
  if (schema.type === 'bool') return false;
  return schema.type === 'int32' || schema.type === 'int64' || schema.type === 'float64' ? 0 : {};
}

/** `group/version.Kind` in the form of the extension. */
function parseGvk(text: string): { group: string; version: string; kind: string } {
  const slash = text.indexOf('/');
  const dot = text.indexOf('.', slash);
  return { group: text.slice(0, slash), version: text.slice(slash + 1, dot), kind: text.slice(dot + 1) };
}
