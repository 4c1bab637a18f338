/**
 * Field ownership for create, update and the patches that are no apply.
 * Upstream: apimachinery/pkg/util/managedfields/internal/fieldmanager.go, structured-merge-diff/merge/update.go.
 */
import type { KubeObject, ManagedFieldsEntry } from '../meta.ts';
import type { ObjectSchema } from '../schema.ts';
import { StatusError } from '../status.ts';
import { type Comparison, compareTyped } from './compare.ts';
import {
  difference,
  EMPTY,
  type FieldSet,
  fieldSetOf,
  intersection,
  isEmpty,
  recursiveDifference,
  union,
} from './field-set.ts';
import {
  capUpdateManagers,
  type Manager,
  type Managers,
  managerId,
  parseManagers,
  putManager,
  readManagers,
  timestamp,
  withSet,
  writeManagers,
} from './managers.ts';
import { typedNode } from './typed-node.ts';

/** The object and its schema in another API version. */
export interface Versioned {
  object: KubeObject;
  schema: ObjectSchema;
}

/** What ownership depends on besides the objects. */
export interface FieldContext {
  schema: ObjectSchema;
  /** `group/version` of the request. */
  apiVersion: string;
  /** Name of the field manager; empty is recorded as `unknown`. */
  manager: string;
  /** The subresource the request goes to, empty for the object itself. */
  subresource?: string;
  /** Milliseconds since the epoch. */
  now: number;
  /** Fields that this endpoint does not write, as dotted names: `status`, `metadata.labels`. Their changes are nobody's. */
  resetFields?: readonly string[];
  /**
   * An object in another version of its kind; its own version is in its apiVersion. Undefined for versions that are not
   * served any more. Left out for kinds of one version.
   */
  convert?(object: KubeObject, apiVersion: string): Versioned | undefined;
}

export interface UpdateRequest extends FieldContext {
  /** The stored object; null or absent for a create. */
  live?: KubeObject | null;
  /** The object as decoded and defaulted, before admission and before the strategy changes it. */
  object: KubeObject;
}

/**
 * The managedFields that an object is to have after a create, update or patch. Undefined means none: the object is not
 * tracked, because its managedFields were reset or it never had any.
 */
export function trackUpdate(request: UpdateRequest): ManagedFieldsEntry[] | undefined {
  const { live, object } = request;
  const managers = currentManagers(request);
  if (live && managers.size === 0) return undefined;
  const before = live ?? NOTHING;
  const changes = ownershipChanges({ context: request, before, after: object, managers });
  for (const [id, change] of changes.taken) putManager(managers, id, withSet(managers.get(id)!, change));
  takeOver(request, managers, changes.comparison);
  // A client may have sent managers of nothing.
  for (const [id, { set }] of managers) if (isEmpty(set)) managers.delete(id);
  capUpdateManagers(managers);
  return writeManagers(managers);
}

/** An object before it exists. */
export const NOTHING: KubeObject = Object.freeze({ metadata: Object.freeze({}) }) as KubeObject;

/** Fields that have no owner. */
const UNTRACKED: FieldSet = fieldSetOf([
  'apiVersion',
  'kind',
  'metadata',
  'metadata.name',
  'metadata.namespace',
  'metadata.creationTimestamp',
  'metadata.selfLink',
  'metadata.uid',
  'metadata.clusterName',
  'metadata.generation',
  'metadata.managedFields',
  'metadata.resourceVersion',
]);

/** Takes out what has no owner: type and system metadata. */
export function stripUntracked(set: FieldSet): FieldSet {
  return difference(set, UNTRACKED);
}

const resetSets = new WeakMap<readonly string[], FieldSet>();

/** The fields of a reset list as a set. */
export function resetSet(fields: readonly string[] | undefined): FieldSet {
  if (fields === undefined || fields.length === 0) return EMPTY;
  let set = resetSets.get(fields);
  if (set === undefined) {
    set = fieldSetOf(fields);
    resetSets.set(fields, set);
  }
  return set;
}

/** Managers as the request leaves them: those of the sent object where they are valid, else those of the live one. */
function currentManagers({ live, object, subresource }: UpdateRequest): Managers {
  if (!live) return new Map();
  const stored = live.metadata.managedFields;
  const sent = object.metadata.managedFields;
  if (subresource || sent === stored || sent === undefined || sent === null) return readManagers(stored);
  if (isReset(sent)) return new Map();
  const managers = parseManagers(sent);
  if (managers === undefined || managers.size === 0) return readManagers(stored);
  keepSources(managers, readManagers(stored));
  return managers;
}

function isReset(entries: readonly ManagedFieldsEntry[]): boolean {
  return entries.length === 0 || (entries.length === 1 && Object.keys(entries[0] ?? {}).length === 0);
}

/** Sets that came back as they were stored are the stored ones, so that unchanged entries stay the same values. */
function keepSources(managers: Managers, stored: Managers): void {
  for (const [id, manager] of managers) {
    const known = stored.get(id);
    if (known === undefined || known.time !== manager.time || known.apiVersion !== manager.apiVersion) continue;
    if (sameSet(known.set, manager.set)) managers.set(id, known);
  }
}

function sameSet(a: FieldSet, b: FieldSet): boolean {
  for (const key in a) {
    const other = b[key];
    if (other === undefined || !sameSet(a[key]!, other)) return false;
  }
  for (const key in b) if (a[key] === undefined) return false;
  return true;
}

export interface OwnershipChanges {
  /** The difference in the version of the request, without reset fields. */
  comparison: Comparison;
  /** What managers keep, for those that lose something. */
  taken: Map<string, FieldSet>;
  /** Fields of managers that the change sets to another value. */
  conflicts: Map<string, FieldSet>;
}

/** Who loses what when `before` becomes `after`. Managers of versions that are gone are taken out of `managers`. */
export function ownershipChanges(change: {
  context: FieldContext;
  before: KubeObject;
  after: KubeObject;
  managers: Managers;
  except?: string;
}): OwnershipChanges {
  const { context, before, after, managers } = change;
  const reset = resetSet(context.resetFields);
  const comparison = compareObjects({ object: before, schema: context.schema }, after, reset);
  const versions = new Map<string, Comparison | undefined>([[context.apiVersion, comparison]]);
  const out: OwnershipChanges = { comparison, taken: new Map(), conflicts: new Map() };
  for (const [id, manager] of managers) {
    if (id === change.except) continue;
    if (!versions.has(manager.apiVersion)) {
      versions.set(manager.apiVersion, compareAt(change, manager.apiVersion, reset));
    }
    const differences = versions.get(manager.apiVersion);
    if (differences === undefined) {
      managers.delete(id);
      continue;
    }
    let set = manager.set;
    const conflict = differences.changed ? intersection(set, differences.changed) : EMPTY;
    if (!isEmpty(conflict)) {
      out.conflicts.set(id, conflict);
      set = difference(set, conflict);
    }
    if (differences.removed) set = difference(set, differences.removed);
    if (set !== manager.set) out.taken.set(id, set);
  }
  return out;
}

/** The difference in another version; without a conversion, paths are taken to be the same in all versions. */
function compareAt(
  change: { context: FieldContext; before: KubeObject; after: KubeObject },
  apiVersion: string,
  reset: FieldSet,
): Comparison | undefined {
  const { context, before, after } = change;
  if (context.convert === undefined) return compareObjects({ object: before, schema: context.schema }, after, reset);
  const earlier = before === NOTHING ? undefined : converted('old', () => context.convert?.(before, apiVersion));
  const later = converted('new', () => context.convert?.(after, apiVersion));
  if (before === NOTHING && later) return compareObjects({ object: before, schema: later.schema }, later.object, reset);
  return earlier && later ? compareObjects(earlier, later.object, reset) : undefined;
}

/** Says which of the two objects could not be converted. */
function converted<T>(which: 'old' | 'new', convert: () => T): T {
  try {
    return convert();
  } catch (error) {
    if (error instanceof StatusError)
      throw new StatusError(error.code, '', `failed to convert ${which} object: ${error.message}`);
    throw error;
  }
}

function compareObjects(before: Versioned, after: KubeObject, reset: FieldSet): Comparison {
  const found = compareTyped(typedNode(before.schema), withoutManagers(before.object), withoutManagers(after)) ?? {};
  const out: Comparison = {};
  const changed = found.changed && recursiveDifference(found.changed, reset);
  const removed = found.removed && recursiveDifference(found.removed, reset);
  if (changed && !isEmpty(changed)) out.changed = changed;
  if (removed && !isEmpty(removed)) out.removed = removed;
  return out;
}

/** managedFields own nothing themselves, and comparing them is the most expensive part of an object. */
function withoutManagers(object: KubeObject): KubeObject {
  // What was merged from a configuration may have a null there, until it is decoded.
  if (object.metadata?.managedFields === undefined) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** Gives what the request changed to its manager. */
function takeOver(request: UpdateRequest, managers: Managers, comparison: Comparison): void {
  if (comparison.changed === undefined) return;
  const gained = stripUntracked(comparison.changed);
  if (isEmpty(gained)) return;
  const manager: Manager = {
    name: request.manager === '' ? 'unknown' : request.manager,
    operation: 'Update',
    apiVersion: request.apiVersion,
    subresource: request.subresource ?? '',
    time: timestamp(request.now),
    set: gained,
  };
  const id = managerId(manager);
  const previous = managers.get(id);
  managers.set(id, previous === undefined ? manager : { ...manager, set: union(previous.set, gained) });
}
