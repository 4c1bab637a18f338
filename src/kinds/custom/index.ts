/** Kinds that definitions of custom resources make at run time. */
export { type CustomKinds, createCustomKinds, discoveredKinds } from './custom-kind.ts';
export {
  CLEANUP_FINALIZER,
  compareVersions,
  conditionIs,
  DEFINITION_RECORDS,
  type DefinitionRecord,
  recordOf,
  sameNames,
  storageVersionOf,
  type VersionRecord,
} from './definition-record.ts';
