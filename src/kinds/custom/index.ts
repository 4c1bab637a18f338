/** Kinds that definitions of custom resources make at run time. */
export { customScaleColumns } from './columns.ts';
export { type CustomKinds, createCustomKinds, discoveredKinds } from './custom-kind.ts';
export {
  CLEANUP_FINALIZER,
  compareVersions,
  conditionIs,
  DEFINITION_RECORDS,
  type DefinitionRecord,
  recordOf,
  storageVersionOf,
} from './definition-record.ts';
