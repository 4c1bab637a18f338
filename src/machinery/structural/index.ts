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
