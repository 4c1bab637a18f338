/** Structural schemas of custom resources. */
export type {
  CompileStructural,
  CustomSchema,
  DecodedResource,
  JSONSchemaProps,
  ScalePaths,
  StructuralOptions,
  ValidationRule,
} from './contract.ts';
