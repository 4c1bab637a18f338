/**
 * The structure of API types as plain values. Built-in types get theirs from generated tables, custom resources
 * from their OpenAPI schema; everything generic (field validation, pruning, defaulting, patches, apply, protobuf,
 * OpenAPI) walks these values and never asks where they came from.
 */

export type ScalarType =
  | 'string'
  | 'bool'
  | 'int32'
  | 'int64'
  | 'float64'
  | 'byte'
  | 'time'
  | 'microTime'
  | 'duration'
  | 'quantity'
  | 'intOrString'
  | 'fieldsV1'
  | 'rawExtension'
  | 'json'
  | 'any';

export interface ScalarSchema {
  readonly type: ScalarType;
  /** Of `json`: a configuration may have neither a map nor a list here. */
  readonly isScalar?: boolean;
  /** Go's name of a named type, `v1.Protocol`; error texts tell it. */
  readonly goName?: string;
  /** Known values of a named string type; only published in OpenAPI when `enumPublished`. */
  readonly enum?: readonly string[];
  readonly enumPublished?: boolean;
  /** The name of the published OpenAPI definition. */
  readonly openapi?: string;
  /** For `any`: the forms the value may take, told apart by their JSON type (a schema or a bool, say). */
  readonly oneOf?: readonly Schema[];
}

export interface ArraySchema {
  readonly type: 'array';
  /** Go's name of a named type, `v1.Protocol`; error texts tell it. */
  readonly goName?: string;
  readonly items: Schema;
  /** Server-side apply: how items are identified. Absent means atomic. */
  readonly listType?: 'atomic' | 'set' | 'map';
  readonly listMapKeys?: readonly string[];
}

export interface MapSchema {
  readonly type: 'map';
  /** Go's name of a named type, `v1.Protocol`; error texts tell it. */
  readonly goName?: string;
  /** The same of its keys. */
  readonly keyGoName?: string;
  readonly values: Schema;
  /** Server-side apply: absent means granular. */
  readonly mapType?: 'atomic' | 'granular';
}

export interface ObjectSchema {
  readonly type: 'object';
  /** `group/version.Type`, for built-in types. */
  readonly name?: string;
  /** The name of the published OpenAPI definition. */
  readonly openapi?: string;
  /** `group/version.Kind` of the API kinds that have this structure. */
  readonly gvk?: readonly string[];
  /** Shown by `kubectl explain`; types of the release keep theirs apart. */
  readonly description?: string;
  /** Discriminated unions, as OpenAPI publishes them. */
  readonly unions?: readonly unknown[];
  /** Fields in declaration order, which is the order the server writes. */
  readonly fields: ReadonlyMap<string, FieldSchema>;
  readonly mapType?: 'atomic' | 'granular';
  /** Unknown fields are kept (x-kubernetes-preserve-unknown-fields). */
  readonly preserveUnknownFields?: boolean;
  /** The object is a complete API object with its own apiVersion, kind and metadata. */
  readonly embeddedResource?: boolean;
  /**
   * Decodes whole objects (custom resources) in place of what the fields say; `unknown`: paths of dropped fields;
   * `merged`: values come of a merge, which keeps nulls. Takes over its argument, throws a DecodeError.
   */
  readonly decode?: (json: unknown, merged: boolean) => { object: object; unknown: string[] };
}

export type Schema = ScalarSchema | ArraySchema | MapSchema | ObjectSchema;

/** One field of an object type. `schema` is a lazy getter, so that recursive types cost nothing until walked. */
export interface FieldSchema {
  readonly name: string;
  readonly schema: Schema;
  readonly description?: string;
  readonly required?: boolean;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  /** Absent differs from zero. */
  readonly pointer?: boolean;
  readonly omitempty?: boolean;
  /** Written even when empty; `nullOut`: as null. */
  readonly always?: boolean;
  readonly nullOut?: boolean;
  /** Strategic merge patch. */
  readonly patchStrategy?: string;
  readonly patchMergeKey?: string;
  /** Protobuf field number and wire type. */
  readonly proto?: number;
  readonly wire?: string;
  /** The nested messages, outermost first, in which the field lies in protobuf only. */
  readonly wirePath?: readonly { readonly type: string; readonly proto: number }[];
  /** OpenAPI publishes the zero value as default of the field, or of its items or values. */
  readonly zeroDefault?: boolean;
  readonly zeroItems?: boolean;
}
