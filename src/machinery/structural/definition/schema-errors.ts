/** Faults of the schema of one version. Upstream: validateCustomResourceDefinitionValidation. */
import type { ObjectSchema } from '../../schema.ts';
import type { FieldError } from '../../status.ts';
import { forbiddenError } from '../../validation/index.ts';
import type { JSONSchemaProps } from '../contract.ts';
import { invalidValue } from '../field-errors.ts';
import { DefinitionContext, TotalCost } from '../rules/definition-context.ts';
import { child } from '../schema-node.ts';
import { defaultErrors } from './default-rules.ts';
import { internalSchema, setFields } from './internal-form.ts';
import { type OpenApiRulesOptions, openApiErrors } from './openapi-rules.ts';
import { structuralErrors, unsupportedPart } from './structural-rules.ts';

export interface SchemaErrorsOptions extends OpenApiRulesOptions {
  /** The type of metadata. */
  metadata: ObjectSchema;
  /** The version has the status subresource. */
  status: boolean;
  requireStructural: boolean;
  requirePrunedDefaults: boolean;
  /** The schema is stored as it is, so that the cost of a single rule is no longer held against it. */
  unchanged: boolean;
}

const ROOT_FIELDS: readonly string[] = [
  ...['Description', 'Type', 'Format', 'Title', 'Maximum', 'ExclusiveMaximum', 'Minimum', 'ExclusiveMinimum'],
  ...['MaxLength', 'MinLength', 'Pattern', 'MaxItems', 'MinItems', 'UniqueItems', 'MultipleOf', 'Required', 'Items'],
  ...['Properties', 'ExternalDocs', 'Example', 'XPreserveUnknownFields', 'XValidations'],
];

/** All faults of `schema`; `path` is that of the validation that holds it, `spec.versions[0].schema`. */
export function schemaErrors(schema: JSONSchemaProps, path: string, options: SchemaErrorsOptions): FieldError[] {
  const at = child(path, 'openAPIV3Schema');
  const errors = options.status ? rootErrors(schema, at) : [];
  if (schema.nullable === true)
    errors.push(forbiddenError(child(at, 'nullable'), 'nullable cannot be true at the root'));
  const unsupported = options.requireStructural ? unsupportedPart(schema) : undefined;
  let typed = false;
  if (options.requireStructural && unsupported === undefined) {
    const faults = formErrors(schema, at, options);
    errors.push(...faults);
    typed = faults.length === 0;
  }
  const total = new TotalCost();
  // Only a structural schema has types that rules can be compiled for.
  const rules = typed ? new DefinitionContext(schema, { total, unchanged: options.unchanged }) : undefined;
  errors.push(...openApiErrors(schema, at, { options, rules }));
  if (errors.length === 0 && unsupported !== undefined) errors.push(invalidValue(at, '', unsupported));
  return [...errors, ...total.errors(at)];
}

/** Structure first, then the defaults that it makes sense of. */
function formErrors(schema: JSONSchemaProps, at: string, options: SchemaErrorsOptions): FieldError[] {
  const errors = structuralErrors(schema, at);
  if (errors.length > 0) return errors;
  return defaultErrors(schema, at, { metadata: options.metadata, requirePruned: options.requirePrunedDefaults });
}

/** With a status subresource, what stands at the root would be lost for the status. */
function rootErrors(schema: JSONSchemaProps, at: string): FieldError[] {
  for (const name of setFields(schema)) {
    if (name === 'Type') {
      if (schema.type === 'object') continue;
      const why = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
      return [invalidValue(child(at, 'type'), schema.type, why)];
    }
    if (ROOT_FIELDS.includes(name)) continue;
    const why = `only [${ROOT_FIELDS.join(' ')}] fields are allowed at the root of the schema if the status subresource is enabled`;
    return [invalidValue(at, internalSchema(schema), why)];
  }
  return [];
}
