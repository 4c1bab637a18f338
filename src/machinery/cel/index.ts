export {
  anyType,
  anyTypeType,
  boolType,
  bytesType,
  doubleType,
  durationType,
  dynType,
  fieldOf,
  formatType,
  hostOf,
  intType,
  listOf,
  mapOf,
  nullType,
  objectOf,
  opaqueOf,
  optionalOf,
  stringType,
  timestampType,
  typeOf,
  typeText,
  uintType,
} from './cel-type.ts';
export type * from './contract.ts';
export {
  CEL_MATCH_CONDITIONS_BUDGET,
  CEL_MAX_REQUEST_BYTES,
  CEL_PER_CALL_LIMIT,
  CEL_RUNTIME_BUDGET,
} from './contract.ts';
export { authorizationKey } from './decisions.ts';
export { escapeName } from './escape.ts';
export { CelObject, toJson } from './objects.ts';
export { compileCel } from './program.ts';
export { celTypeOfSchema, maxCardinality, type TypedSchema } from './schema-type.ts';
export { CelFault, CelLazyObject, CelOptional, CelTimestamp } from './values.ts';
