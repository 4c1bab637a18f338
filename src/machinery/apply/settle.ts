/**
 * Keeps a write that changes nothing from changing timestamps of managers.
 * Upstream: apimachinery/pkg/util/managedfields (IgnoreManagedFieldsTimestampsTransformer).
 */
import type { KubeObject, ManagedFieldsEntry } from '../meta.ts';
import { deepEqual } from './deep-equal.ts';

/**
 * Gives `object` the managedFields of `live` when both are equal but for the times in them, so that the write is seen
 * as the no-op it is. Changes `object`; returns whether it is equal to `live`. Both must be in the same form (decoded,
 * defaulted, same system metadata).
 */
export function settleManagedFields(live: KubeObject, object: KubeObject): boolean {
  const old = live.metadata.managedFields ?? [];
  const now = object.metadata.managedFields ?? [];
  if (old.length !== now.length) return false;
  const byOwner = now === old || old.every((entry) => now.some((other) => sameButTime(entry, other)));
  if (!byOwner) return false;
  const { managedFields: _old, ...oldMeta } = live.metadata;
  const { managedFields: _now, ...nowMeta } = object.metadata;
  if (!deepEqual({ ...live, metadata: oldMeta }, { ...object, metadata: nowMeta })) return false;
  if (live.metadata.managedFields !== undefined) object.metadata.managedFields = live.metadata.managedFields;
  return true;
}

function sameButTime(a: ManagedFieldsEntry, b: ManagedFieldsEntry): boolean {
  if (a === b) return true;
  return (
    a.manager === b.manager &&
    a.operation === b.operation &&
    a.apiVersion === b.apiVersion &&
    a.subresource === b.subresource &&
    deepEqual(a.fieldsV1, b.fieldsV1)
  );
}
