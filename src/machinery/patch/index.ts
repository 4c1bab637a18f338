export { applyJsonPatch, applyOperations, JsonPatchFailure } from './json-patch.ts';
export { applyMergePatch } from './merge-patch.ts';
export { applyStrategicMergePatch } from './strategic-merge.ts';
