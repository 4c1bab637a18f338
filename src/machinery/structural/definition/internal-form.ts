/** Schemas in the form of upstream's internal types, which its messages show: Go's field names, unset fields written. */
import type { JSONSchemaProps, ValidationRule } from '../contract.ts';
import { GoStruct } from '../field-errors.ts';

type Field = readonly [go: string, name: keyof JSONSchemaProps, unset: '' | false | null];

const FIELDS: readonly Field[] = [
  ['ID', 'id', ''],
  ['Schema', '$schema', ''],
  ['Ref', '$ref', null],
  ['Description', 'description', ''],
  ['Type', 'type', ''],
  ['Nullable', 'nullable', false],
  ['Format', 'format', ''],
  ['Title', 'title', ''],
  ['Default', 'default', null],
  ['Maximum', 'maximum', null],
  ['ExclusiveMaximum', 'exclusiveMaximum', false],
  ['Minimum', 'minimum', null],
  ['ExclusiveMinimum', 'exclusiveMinimum', false],
  ['MaxLength', 'maxLength', null],
  ['MinLength', 'minLength', null],
  ['Pattern', 'pattern', ''],
  ['MaxItems', 'maxItems', null],
  ['MinItems', 'minItems', null],
  ['UniqueItems', 'uniqueItems', false],
  ['MultipleOf', 'multipleOf', null],
  ['Enum', 'enum', null],
  ['MaxProperties', 'maxProperties', null],
  ['MinProperties', 'minProperties', null],
  ['Required', 'required', null],
  ['Items', 'items', null],
  ['AllOf', 'allOf', null],
  ['OneOf', 'oneOf', null],
  ['AnyOf', 'anyOf', null],
  ['Not', 'not', null],
  ['Properties', 'properties', null],
  ['AdditionalProperties', 'additionalProperties', null],
  ['PatternProperties', 'patternProperties', null],
  ['Dependencies', 'dependencies', null],
  ['AdditionalItems', 'additionalItems', null],
  ['Definitions', 'definitions', null],
  ['ExternalDocs', 'externalDocs', null],
  ['Example', 'example', null],
  ['XPreserveUnknownFields', 'x-kubernetes-preserve-unknown-fields', null],
  ['XEmbeddedResource', 'x-kubernetes-embedded-resource', false],
  ['XIntOrString', 'x-kubernetes-int-or-string', false],
  ['XListMapKeys', 'x-kubernetes-list-map-keys', null],
  ['XListType', 'x-kubernetes-list-type', null],
  ['XMapType', 'x-kubernetes-map-type', null],
  ['XValidations', 'x-kubernetes-validations', null],
];

/** Go's names of the fields that a schema sets, in their order. */
export const setFields = (schema: JSONSchemaProps): string[] =>
  FIELDS.filter(([, name, unset]) => (schema[name] ?? unset) !== unset).map(([go]) => go);

/** A schema as messages show it. */
export const internalSchema = (schema: JSONSchemaProps): GoStruct =>
  new GoStruct(
    Object.fromEntries(
      FIELDS.map(([go, name, unset]) => [go, schema[name] === undefined ? unset : internalValue(name, schema)]),
    ),
  );

function internalValue(name: keyof JSONSchemaProps, schema: JSONSchemaProps): unknown {
  switch (name) {
    case 'not':
      return internalSchema(schema.not ?? {});
    case 'allOf':
    case 'oneOf':
    case 'anyOf':
      return (schema[name] ?? []).map(internalSchema);
    case 'properties':
    case 'patternProperties':
    case 'definitions':
      return mapValues(schema[name], internalSchema);
    case 'items':
      return internalItems(schema.items);
    case 'additionalProperties':
    case 'additionalItems':
      return internalSchemaOrBool(schema[name]);
    case 'dependencies':
      return mapValues(schema.dependencies, (one) =>
        Array.isArray(one)
          ? new GoStruct({ Schema: null, Property: one })
          : new GoStruct({ Schema: internalSchema(one), Property: null }),
      );
    case 'externalDocs':
      return new GoStruct({
        Description: schema.externalDocs?.description ?? '',
        URL: schema.externalDocs?.url ?? '',
      });
    case 'x-kubernetes-validations':
      return (schema[name] ?? []).map(internalRule);
    default:
      return schema[name];
  }
}

const mapValues = <T>(map: Record<string, T> | undefined, change: (value: T) => unknown): Record<string, unknown> =>
  Object.fromEntries(Object.entries(map ?? {}).map(([name, value]) => [name, change(value)]));

/** What messages show of `items`. */
export const internalItems = (items: JSONSchemaProps['items']): GoStruct =>
  Array.isArray(items)
    ? new GoStruct({ Schema: null, JSONSchemas: items.map(internalSchema) })
    : new GoStruct({ Schema: items === undefined ? null : internalSchema(items), JSONSchemas: null });

const internalSchemaOrBool = (value: JSONSchemaProps | boolean | undefined): GoStruct =>
  typeof value === 'object'
    ? new GoStruct({ Allows: true, Schema: internalSchema(value) })
    : new GoStruct({ Allows: value === true, Schema: null });

/** What messages show of a rule. */
export const internalRule = (rule: ValidationRule): GoStruct =>
  new GoStruct({
    Rule: rule.rule,
    Message: rule.message ?? '',
    MessageExpression: rule.messageExpression ?? '',
    Reason: rule.reason ?? null,
    FieldPath: rule.fieldPath ?? '',
    OptionalOldSelf: rule.optionalOldSelf ?? null,
  });
