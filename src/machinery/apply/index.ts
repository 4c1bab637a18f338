export { type ApplyRequest, type ApplyResult, apply } from './apply.ts';
export { deepEqual } from './deep-equal.ts';
export { managersFault } from './managers.ts';
export { atomicPaths, mergeConfiguration, typedFaults } from './merge-configuration.ts';
export { parentEntries, type ReplicasPaths, replicasPath, scaleEntries } from './scale.ts';
export { settleManagedFields } from './settle.ts';
export { type FieldContext, trackUpdate, type UpdateRequest, type Versioned } from './track-update.ts';
export { checkType, fitsType } from './type-check.ts';
export { UnnamedItemError } from './typed-node.ts';
