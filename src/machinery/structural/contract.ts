/** What structural schemas offer: the OpenAPI schema of one version of a custom resource, compiled. */
import type { Json, KubeObject } from '../meta.ts';
import type { ObjectSchema } from '../schema.ts';
import type { FieldError } from '../status.ts';

/** One `x-kubernetes-validations` rule. */
export interface ValidationRule {
  rule: string;
  message?: string;
  messageExpression?: string;
  reason?: string;
  fieldPath?: string;
  optionalOldSelf?: boolean;
}

/** Upstream: apiextensions/v1 JSONSchemaProps, as its JSON says it. */
export interface JSONSchemaProps {
  id?: string;
  $schema?: string;
  $ref?: string;
  description?: string;
  type?: string;
  format?: string;
  title?: string;
  default?: Json;
  maximum?: number;
  exclusiveMaximum?: boolean;
  minimum?: number;
  exclusiveMinimum?: boolean;
  maxLength?: number;
  minLength?: number;
  pattern?: string;
  maxItems?: number;
  minItems?: number;
  uniqueItems?: boolean;
  multipleOf?: number;
  enum?: Json[];
  maxProperties?: number;
  minProperties?: number;
  required?: string[];
  /** A schema; upstream's type allows a list of them too, which validation refuses. */
  items?: JSONSchemaProps | JSONSchemaProps[];
  allOf?: JSONSchemaProps[];
  oneOf?: JSONSchemaProps[];
  anyOf?: JSONSchemaProps[];
  not?: JSONSchemaProps;
  properties?: Record<string, JSONSchemaProps>;
  additionalProperties?: JSONSchemaProps | boolean;
  patternProperties?: Record<string, JSONSchemaProps>;
  dependencies?: Record<string, JSONSchemaProps | string[]>;
  additionalItems?: JSONSchemaProps | boolean;
  definitions?: Record<string, JSONSchemaProps>;
  externalDocs?: { description?: string; url?: string };
  example?: Json;
  nullable?: boolean;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-embedded-resource'?: boolean;
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-list-type'?: string;
  'x-kubernetes-map-type'?: string;
  'x-kubernetes-validations'?: ValidationRule[];
}

/** Where the scale subresource of a version finds its values; paths as the definition writes them (`.spec.replicas`). */
export interface ScalePaths {
  specReplicasPath: string;
  statusReplicasPath: string;
  labelSelectorPath?: string;
}

/** What a schema must know of the version it belongs to. */
export interface StructuralOptions {
  group: string;
  version: string;
  kind: string;
  namespaced: boolean;
  /** The type of metadata, `meta/v1.ObjectMeta`, for objects and embedded ones. */
  metadata: ObjectSchema;
  /** `spec.preserveUnknownFields` of the definition: nothing is pruned. */
  preserveUnknownFields?: boolean;
  scale?: ScalePaths;
}

/** A decoded body. `unknown`: paths of the fields that were dropped, as upstream orders them. */
export interface DecodedResource {
  object: KubeObject;
  unknown: string[];
}

/**
 * The schema of one version of a custom resource. Parts are compiled on first use, so that one that nobody uses costs
 * its JSON only.
 */
export interface CustomSchema {
  readonly options: StructuralOptions;
  readonly props: JSONSchemaProps;
  /**
   * The structure for patches, apply and OpenAPI. It carries `decode`, so that `decodeBody` and `decodeObject` treat
   * custom resources right by themselves.
   */
  readonly schema: ObjectSchema;
  /**
   * From parsed JSON of a client to an object: metadata of the object and of embedded ones normalized, unknown fields
   * and forbidden nulls dropped. Takes over `json`. Throws a DecodeError for metadata of the wrong type. No defaults.
   * Upstream: unstructuredSchemaCoercer.apply.
   */
  decode(json: unknown): DecodedResource;
  /**
   * `decode` for what a store or a conversion gave: malformed metadata is dropped instead of refused. Changes and
   * returns its argument, with defaults filled in.
   */
  fromStorage(object: KubeObject): KubeObject;
  /** Fills in defaults, in place. Upstream: structural/defaulting.Default. */
  applyDefaults(object: KubeObject): void;
  /** Everything but metadata of the object itself: values, scale, embedded resources, list types, rules. */
  validateCreate(object: KubeObject): FieldError[];
  /** The same for an update; what was invalid before and did not change passes, and `warn` is told of broken rules. */
  validateUpdate(object: KubeObject, old: KubeObject, warn?: (text: string) => void): FieldError[];
  /** The same for an update of the status subresource. */
  validateStatusUpdate(object: KubeObject, old: KubeObject, warn?: (text: string) => void): FieldError[];
  /** Warnings of a create or an update of the object itself (finalizer names); none for the status subresource. */
  warnings(object: KubeObject, old?: KubeObject): string[];
}

/** `compileStructural(props, options)`; props undefined: a version without schema, which keeps everything. */
export type CompileStructural = (props: JSONSchemaProps | undefined, options: StructuralOptions) => CustomSchema;
