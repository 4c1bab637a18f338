/** Structural schemas of custom resources. */
export { compileStructural } from './compile.ts';
export type {
  CompileStructural,
  CustomSchema,
  DecodedResource,
  JSONSchemaProps,
  ScalePaths,
  StructuralOptions,
  ValidationRule,
} from './contract.ts';
export { hasUnprunedDefaults } from './definition/default-rules.ts';
export { fieldPath } from './definition/field-path.ts';
export { internalSchema } from './definition/internal-form.ts';
export { hasNonAtomicItems, scalarKeyErrors } from './definition/list-rules.ts';
export { PROPERTY_TYPES } from './definition/openapi-rules.ts';
export { type SchemaErrorsOptions, schemaErrors } from './definition/schema-errors.ts';
export { structuralErrors, unsupportedPart } from './definition/structural-rules.ts';
export { someSchema, unknownFormats } from './definition/sub-schemas.ts';
export { GoPointer, GoStruct, invalidValue, unsupportedValue } from './field-errors.ts';
export { isKnownFormat } from './values/formats.ts';
