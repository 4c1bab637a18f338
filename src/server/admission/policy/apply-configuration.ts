/** Merges what an ApplyConfiguration mutation gives into an object. Upstream: policy/mutating/patch/smd.go. */
import { atomicPaths, mergeConfiguration, typedFaults } from '../../../machinery/apply/index.ts';
import { apiVersionOf, type JsonObject } from '../../../machinery/meta.ts';
import type { ObjectSchema } from '../../../machinery/schema.ts';
import type { GroupVersionKind } from '../match/index.ts';

/** A mutation could not be applied; the message is upstream's. */
export class MutationError extends Error {
  override readonly name = 'MutationError';
}

/** `object` with everything set that `configuration` names. Throws a MutationError. */
export function applyConfiguration(
  object: JsonObject,
  configuration: JsonObject,
  { schema, kind }: { schema: ObjectSchema; kind: GroupVersionKind },
): JsonObject {
  const patch = { ...configuration, apiVersion: apiVersionOf(kind.group, kind.version), kind: kind.kind };
  const fail = (why: string): MutationError => new MutationError(`error applying patch: ${why}`);
  const faults = typedFaults(schema, patch);
  if (faults !== undefined) throw fail(`failed to convert patch object to typed object: ${faults}`);
  const atomics = atomicPaths(schema, patch);
  if (atomics.length > 0)
    throw fail(`invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomics.join(', ')}`);
  try {
    return mergeConfiguration(schema, object, patch) as JsonObject;
  } catch (error) {
    throw fail(`failed to merge patch: ${(error as Error).message}`);
  }
}
