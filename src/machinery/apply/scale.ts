/**
 * Managers across the scale subresource, which shows one field of another object as its own `spec.replicas`.
 * Upstream: apimachinery/pkg/util/managedfields/scalehandler.go.
 */
import type { ManagedFieldsEntry } from '../meta.ts';
import { difference, type FieldSet, hasPath, isEmpty, LEAF } from './field-set.ts';
import { type Managers, readManagers, withSet, writeManagers } from './managers.ts';

const SCALE_VERSION = 'autoscaling/v1';
const SCALE_PATH = ['f:spec', 'f:replicas'];

/** Where the replicas of a kind are, for each API version that manages them. */
export type ReplicasPaths = ReadonlyMap<string, readonly string[]>;

/** The path elements of a dotted JSON path such as `.spec.replicas`. */
export function replicasPath(jsonPath: string): string[] {
  return jsonPath
    .split('.')
    .filter((name) => name !== '')
    .map((name) => `f:${name}`);
}

/** The managers of the replicas, as the Scale object has them. */
export function scaleEntries(
  parent: readonly ManagedFieldsEntry[] | undefined,
  paths: ReplicasPaths,
): ManagedFieldsEntry[] | undefined {
  const scale: Managers = new Map();
  for (const [id, manager] of readManagers(parent)) {
    const path = paths.get(manager.apiVersion);
    if (path === undefined || !hasPath(manager.set, path)) continue;
    const { source: _, ...rest } = manager;
    scale.set(id, { ...rest, apiVersion: SCALE_VERSION, set: setOf(SCALE_PATH) });
  }
  return writeManagers(scale);
}

/**
 * The parent's managers after a write of its Scale, whose managers are `scale`: who lost the replicas there loses them
 * in the parent, who gained them owns them there through the subresource. Only those that apply are the same in both, as
 * the version is part of who else writes: an update of the scale parts others from their replicas even when it changes
 * nothing. `apiVersion` is that of the request.
 */
export function parentEntries(
  parent: readonly ManagedFieldsEntry[] | undefined,
  scale: readonly ManagedFieldsEntry[] | undefined,
  { paths, apiVersion }: { paths: ReplicasPaths; apiVersion: string },
): ManagedFieldsEntry[] | undefined {
  const left = readManagers(scale);
  const out: Managers = new Map();
  for (const [id, manager] of readManagers(parent)) {
    const path = paths.get(manager.apiVersion);
    if (path === undefined || !hasPath(manager.set, path)) {
      out.set(id, manager);
      continue;
    }
    const set = left.delete(id) ? manager.set : difference(manager.set, setOf(path));
    if (!isEmpty(set)) out.set(id, withSet(manager, set));
  }
  const path = paths.get(apiVersion);
  for (const [id, manager] of left) {
    if (path === undefined || !hasPath(manager.set, SCALE_PATH)) continue;
    const { source: _, ...rest } = manager;
    out.set(id, { ...rest, apiVersion, time: undefined, set: setOf(path) });
  }
  return writeManagers(out);
}

function setOf(path: readonly string[]): FieldSet {
  return path.reduceRight<FieldSet>((child, element) => ({ [element]: child }), LEAF);
}
