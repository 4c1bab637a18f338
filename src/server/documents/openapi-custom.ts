/** What OpenAPI says of custom resources. Upstream: apiextensions-apiserver pkg/controller/openapi/builder. */
import { objectSchema } from '../../kinds/index.ts';
import type { Kind } from '../../machinery/kind.ts';
import type { JSONSchemaProps } from '../../machinery/structural/index.ts';
import type { DefinitionWriter, OpenApiObject } from './openapi-definitions.ts';

const CONVENTIONS = 'https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md';
const VERSION_TEXT = `APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: ${CONVENTIONS}#resources`;
const KIND_TEXT = `Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: ${CONVENTIONS}#types-kinds`;
const METADATA_TEXT = `Standard object's metadata. More info: ${CONVENTIONS}#metadata`;
const LIST_METADATA_TEXT = `Standard list metadata. More info: ${CONVENTIONS}#types-kinds`;

export type OpenApiVersion = 2 | 3;

/** `com.example.v1.Widget` */
export const customDefinitionName = (kind: Kind, name = kind.kind): string =>
  [...kind.group.split('.').reverse(), kind.version, name].join('.');

/** Adds the definitions of a custom resource and of its list; answers references to them. */
export function addCustomDefinitions(
  writer: DefinitionWriter,
  version: OpenApiVersion,
  kind: Kind,
): { body: OpenApiObject; list: OpenApiObject } {
  const meta = writer.reference(objectSchema('meta/v1.ObjectMeta'));
  const listMeta = writer.reference(objectSchema('meta/v1.ListMeta'));
  const types = { version, metadata: described(version, meta, METADATA_TEXT) };
  const selectable =
    kind.selectableFields.length === 0
      ? {}
      : { 'x-kubernetes-selectable-fields': kind.selectableFields.map((fieldPath) => ({ fieldPath })) };
  const body = writer.add(customDefinitionName(kind), {
    ...rootDefinition(kind, types),
    'x-kubernetes-group-version-kind': [{ group: kind.group, version: kind.version, kind: kind.kind }],
    ...selectable,
  });
  const list = writer.add(customDefinitionName(kind, kind.listKind), {
    description: `${kind.listKind} is a list of ${kind.kind}`,
    type: 'object',
    required: ['items'],
    properties: {
      ...typeProperties(),
      items: { description: `List of ${kind.resource}. More info: ${CONVENTIONS}`, type: 'array', items: body },
      metadata: described(version, listMeta, LIST_METADATA_TEXT),
    },
    'x-kubernetes-group-version-kind': [{ group: kind.group, version: kind.version, kind: kind.listKind }],
    ...selectable,
  });
  return { body, list };
}

/** A reference has no siblings in version 3. */
const described = (version: OpenApiVersion, reference: OpenApiObject, description: string): OpenApiObject =>
  version === 2 ? { description, ...reference } : { allOf: [reference], description };

const typeProperties = (): OpenApiObject => ({
  apiVersion: { description: VERSION_TEXT, type: 'string' },
  kind: { description: KIND_TEXT, type: 'string' },
});

interface Types {
  version: OpenApiVersion;
  metadata: OpenApiObject;
}

function rootDefinition({ published }: Kind, types: Types): OpenApiObject {
  // Clients would take a list of known fields for a complete one.
  if (published?.props === undefined) return { type: 'object' };
  const { props, preserveUnknownFields } = published;
  if (types.version === 2 && (preserveUnknownFields || props['x-kubernetes-preserve-unknown-fields']))
    return { type: 'object' };
  const root = definitionOf(props, types);
  const properties = { ...(root.properties as OpenApiObject), ...typeProperties(), metadata: types.metadata };
  return { ...root, properties };
}

/** One level of a schema, and what is below it. */
function definitionOf(props: JSONSchemaProps, types: Types): OpenApiObject {
  const out = types.version === 2 ? plainDefinition(props) : fullDefinition(props);
  const { properties, items, additionalProperties } = props;
  if (properties && out.properties !== undefined)
    out.properties = Object.fromEntries(
      Object.entries(properties).map(([name, value]) => [name, definitionOf(value, types)]),
    );
  if (items && !Array.isArray(items) && out.items !== undefined) out.items = definitionOf(items, types);
  if (additionalProperties && typeof additionalProperties === 'object')
    out.additionalProperties = definitionOf(additionalProperties, types);
  if (props['x-kubernetes-embedded-resource'] && !(types.version === 2 && keepsUnknown(props))) addEmbedded(out, types);
  return out;
}

const keepsUnknown = (props: JSONSchemaProps): boolean => props['x-kubernetes-preserve-unknown-fields'] === true;

const INT_OR_STRING = [{ type: 'integer' }, { type: 'string' }];

/** Version 3 says all that the definition does; an int-or-string is spelled out. */
function fullDefinition(props: JSONSchemaProps): OpenApiObject {
  const out: OpenApiObject = { ...props };
  if (!props['x-kubernetes-int-or-string'] || isIntOrString(props.anyOf) || isIntOrString(props.allOf?.[0]?.anyOf))
    return out;
  if (props.anyOf === undefined) out.anyOf = INT_OR_STRING;
  else out.allOf = [{ anyOf: INT_OR_STRING }, ...(props.allOf ?? [])];
  return out;
}

const isIntOrString = (schemas: readonly JSONSchemaProps[] | undefined): boolean =>
  schemas?.length === 2 && schemas[0]?.type === 'integer' && schemas[1]?.type === 'string';

/** Version 2 cannot say everything. Upstream: pkg/controller/openapi/v2 ToStructuralOpenAPIV2. */
function plainDefinition(props: JSONSchemaProps): OpenApiObject {
  const { allOf: _all, anyOf: _any, oneOf: _one, not: _not, nullable, ...rest } = props;
  const out: OpenApiObject = rest;
  if (nullable) {
    delete out.type;
    delete out.items;
    delete out.properties;
  }
  if (keepsUnknown(props)) {
    delete out.items;
    delete out.properties;
    if (out.type === 'object') delete out.type;
  }
  if (out.items === undefined && out.type === 'array') delete out.type;
  const optional = new Set(
    Object.entries(props.properties ?? {}).flatMap(([name, value]) => (value.nullable ? [name] : [])),
  );
  const required = (props.required ?? []).filter((name) => !optional.has(name));
  const values = props.additionalProperties;
  if (required.length === 0 || (typeof values === 'object' && values.nullable)) delete out.required;
  else out.required = required;
  return out;
}

function addEmbedded(out: OpenApiObject, { metadata }: Types): void {
  out.properties = {
    ...(out.properties as OpenApiObject | undefined),
    apiVersion: {
      description: `apiVersion defines the versioned schema of this representation of an object. More info: ${CONVENTIONS}#resources`,
      type: 'string',
    },
    kind: {
      description: `kind is a string value representing the type of this object. In CamelCase. More info: ${CONVENTIONS}#types-kinds`,
      type: 'string',
    },
    metadata,
  };
  const required = (out.required as string[] | undefined) ?? [];
  out.required = [...required, ...['kind', 'apiVersion'].filter((name) => !required.includes(name))];
}
