/**
 * Server-side apply.
 * Upstream: structured-merge-diff/merge/update.go, apimachinery/pkg/util/managedfields/internal.
 */
import type { KubeObject, ManagedFieldsEntry } from '../meta.ts';
import { badRequest, StatusError } from '../status.ts';
import { configSet, faultsText, validateTyped } from './config-set.ts';
import { type ApplyConflict, conflictError, conflictsOf } from './conflicts.ts';
import { deepEqual } from './deep-equal.ts';
import {
  difference,
  EMPTY,
  type FieldSet,
  hasPath,
  intersection,
  isEmpty,
  recursiveDifference,
  union,
} from './field-set.ts';
import { appliedByClient, hasLastApplied, KUBECTL, withLastApplied } from './last-applied.ts';
import {
  type Manager,
  type Managers,
  managerId,
  putManager,
  readManagers,
  timestamp,
  withSet,
  writeManagers,
} from './managers.ts';
import { mergeTyped, removeItems, withNamedFields } from './merge-typed.ts';
import {
  type FieldContext,
  ownershipChanges,
  resetSet,
  stripUntracked,
  trackUpdate,
  type Versioned,
} from './track-update.ts';
import { typedNode, UnnamedItemError } from './typed-node.ts';

export interface ApplyRequest extends FieldContext {
  /** The kind name, for messages. */
  kind: string;
  /** The stored object, or null when there is none. */
  live: KubeObject | null;
  /** The applied configuration as it was parsed: not pruned, not defaulted. */
  applied: KubeObject;
  /** Takes fields over from other managers instead of failing. */
  force: boolean;
}

export interface ApplyResult {
  /** The merged object, without managedFields; to be decoded, defaulted and validated like one that a client sent. */
  object: KubeObject;
  /** What the object's managedFields are to be; undefined means none. */
  managedFields: ManagedFieldsEntry[] | undefined;
}

const BEFORE_FIRST_APPLY = 'before-first-apply';

/**
 * Merges an applied configuration into the live object. Throws a 409 StatusError naming every conflicting field, 400
 * when the body does not fit the request, 500 (as upstream) when it does not fit the type.
 */
export function apply(request: ApplyRequest): ApplyResult {
  checkBody(request);
  const live = liveObject(request);
  const result = mergeOrFail(request, live);
  if (request.manager === KUBECTL && hasLastApplied(result.object)) {
    return { ...result, object: withLastApplied(result.object, request.applied) };
  }
  return result;
}

function checkBody({ applied, apiVersion, kind, schema }: ApplyRequest): void {
  if (applied.apiVersion !== apiVersion || applied.kind !== kind) {
    const given = textOf(applied.apiVersion);
    const isVersion = given.split('/').length <= 2;
    throw badRequest(`invalid object type: ${isVersion ? gvkText(given, textOf(applied.kind)) : gvkText('', '')}`);
  }
  if (Array.isArray(applied.metadata?.managedFields)) {
    throw badRequest('metadata.managedFields must be nil');
  }
  const faults = validateTyped(typedNode(schema), applied);
  if (faults.length === 0) return;
  const { namespace, name } = applied.metadata ?? {};
  const what = `${textOf(namespace)}/${textOf(name)}; ${gvkText(apiVersion, kind)}`;
  throw new StatusError(500, '', `failed to create typed patch object (${what}): ${faultsText(faults)}`);
}

/** Anything but a text counts as none. */
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

function gvkText(apiVersion: string, kind: string): string {
  return `${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`;
}

/** What the configuration is merged into; for a create an object that has nothing but its identity. */
function liveObject({ live, applied, apiVersion, kind }: ApplyRequest): KubeObject {
  if (live) return live;
  const { name, namespace } = applied.metadata ?? {};
  return {
    apiVersion,
    kind,
    metadata: { ...(name === undefined ? {} : { name }), ...(namespace === undefined ? {} : { namespace }) },
  };
}

/** Objects stored long ago may have items without keys, which nothing can be merged with. */
function mergeOrFail(request: ApplyRequest, live: KubeObject): ApplyResult {
  try {
    return applyForKubectl(request, live);
  } catch (error) {
    if (error instanceof UnnamedItemError) throw new StatusError(500, '', `failed to merge config: ${error.message}`);
    throw error;
  }
}

/** kubectl may change what its client-side apply set, without conflicts. */
function applyForKubectl(request: ApplyRequest, live: KubeObject): ApplyResult {
  const first = applyOnce(request, live);
  if (!('conflicts' in first)) return first;
  if (request.manager !== KUBECTL) throw conflictError(first.conflicts);
  const allowed = appliedByClient(request, live);
  if (allowed === undefined) throw conflictError(first.conflicts);
  const left = first.conflicts.filter((conflict) => !hasPath(allowed, conflict.path));
  if (left.length > 0) throw conflictError(left);
  return applyOnce({ ...request, force: true }, live) as ApplyResult;
}

function applyOnce(request: ApplyRequest, live: KubeObject): ApplyResult | { conflicts: ApplyConflict[] } {
  const type = typedNode(request.schema);
  const managers = managersBefore(request, live);
  const self: Manager = {
    name: request.manager === '' ? 'unknown' : request.manager,
    operation: 'Apply',
    apiVersion: request.apiVersion,
    subresource: request.subresource ?? '',
    time: undefined,
    set: recursiveDifference(configSet(type, request.applied), resetSet(request.resetFields)),
  };
  const id = managerId(self);
  const last = managers.get(id);
  managers.set(id, self);
  const before = withoutManagedFields(live);
  const merged = mergeTyped(type, before, request.applied) as KubeObject;
  const object = last === undefined ? merged : prune({ request, merged, managers, last, current: self.set });
  const changes = ownershipChanges({ context: request, before, after: object, managers, except: id });
  if (!request.force && changes.conflicts.size > 0) return { conflicts: conflictsOf(managers, changes.conflicts) };
  for (const [other, set] of changes.taken) putManager(managers, other, withSet(managers.get(other)!, set));
  const same = deepEqual(before, object);
  const set = stripUntracked(self.set);
  putManager(managers, id, settled(self, { set, last, time: same ? last?.time : timestamp(request.now) }));
  return { object: same ? before : object, managedFields: writeManagers(managers) };
}

/** The applier's entry; the stored one when neither its fields nor its time change. */
function settled(self: Manager, to: { set: FieldSet; last: Manager | undefined; time: string | undefined }): Manager {
  const { last } = to;
  if (
    last !== undefined &&
    last.time === to.time &&
    last.apiVersion === self.apiVersion &&
    deepEqual(last.set, to.set)
  ) {
    return last;
  }
  return { ...self, set: to.set, time: to.time };
}

function withoutManagedFields(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** Managers of the live object; everything of an object that was never tracked belongs to `before-first-apply`. */
function managersBefore(request: ApplyRequest, live: KubeObject): Managers {
  const managers = readManagers(live.metadata.managedFields);
  if (managers.size > 0 || request.live === null) return managers;
  const { live: _, ...context } = request;
  return readManagers(trackUpdate({ ...context, manager: BEFORE_FIRST_APPLY, live: null, object: live }));
}

interface Pruning {
  request: ApplyRequest;
  merged: KubeObject;
  managers: Managers;
  /** What the applier owned before. */
  last: Manager;
  /** What it owns now. */
  current: FieldSet;
}

/** Removes what the applier set last time, not this time, and nobody else owns. */
function prune({ request, merged, managers, last, current }: Pruning): KubeObject {
  if (isEmpty(difference(last.set, current)) && last.apiVersion === request.apiVersion) return merged;
  const whole = inVersion(request, merged, last.apiVersion);
  if (whole === undefined) return merged;
  const type = typedNode(whole.schema);
  const lastSet = withNamedFields(type, last.set);
  let pruned = removeItems(type, whole.object, lastSet);
  const owned = new Map<string, FieldSet>([[last.apiVersion, EMPTY]]);
  for (const manager of managers.values()) {
    owned.set(manager.apiVersion, union(owned.get(manager.apiVersion) ?? EMPTY, manager.set));
  }
  for (const [version, set] of owned) pruned = addBackOwned({ request, merged: whole.object, pruned, version, set });
  const rest = inVersion(request, (pruned ?? {}) as KubeObject, last.apiVersion);
  if (rest === undefined) return merged;
  const left = withNamedFields(type, configSet(type, rest.object));
  const all = withNamedFields(type, configSet(type, whole.object));
  const result = removeItems(type, whole.object, intersection(difference(all, left), lastSet)) as KubeObject;
  return inVersion(request, result, request.apiVersion)?.object ?? merged;
}

/** `merged` without what is neither in `pruned` nor owned. */
function addBackOwned(step: {
  request: ApplyRequest;
  merged: KubeObject;
  pruned: unknown;
  version: string;
  set: FieldSet;
}): unknown {
  const { request, merged, pruned, version, set } = step;
  const whole = inVersion(request, merged, version);
  const part = inVersion(request, (pruned ?? {}) as KubeObject, version);
  if (whole === undefined || part === undefined) return pruned;
  const type = typedNode(whole.schema);
  const all = withNamedFields(type, configSet(type, whole.object));
  const kept = union(withNamedFields(type, configSet(type, part.object)), withNamedFields(type, set));
  return removeItems(type, whole.object, difference(all, kept));
}

/** The object in another version; itself where no conversion is known. */
function inVersion(request: ApplyRequest, object: KubeObject, version: string): Versioned | undefined {
  const from = object.apiVersion ?? request.apiVersion;
  if (request.convert === undefined || (version === from && version === request.apiVersion)) {
    return { object, schema: request.schema };
  }
  const converted = request.convert(object, version);
  return converted && version === from ? { object, schema: converted.schema } : converted;
}
