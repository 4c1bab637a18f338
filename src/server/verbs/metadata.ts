/** Rules of metadata that every kind shares. Upstream: registry/rest/meta.go, handlers/rest.go, handlers/namer.go. */

import type { KubeObject, OwnerReference } from '../../machinery/meta.ts';
import { memberOf } from '../../machinery/own-member.ts';
import { badRequest } from '../../machinery/status.ts';
import type { RequestScope, ResourceCall } from '../scope.ts';

/** Name and namespace of a body must be those of the path; an empty namespace takes the path's. */
export function checkNamespace(call: ResourceCall, object: KubeObject): void {
  const given = object.metadata.namespace ?? '';
  const wanted = call.kind.namespaced ? call.namespace : '';
  if (given === '') {
    if (wanted !== '') object.metadata.namespace = wanted;
    return;
  }
  if (!call.kind.namespaced) delete object.metadata.namespace;
  else if (given !== wanted)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
}

/** The name in the body of an update must be the name in the path. */
export function checkName(call: ResourceCall, object: KubeObject): void {
  checkNamespace(call, object);
  const name = object.metadata.name ?? '';
  if (name === '')
    throw badRequest(`the name of the object (${call.name} based on URL) was undeterminable: name must be provided`);
  if (name !== call.name)
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${call.name})`);
}

/** Removes owner references that are equal to an earlier one, and says so and whether mutating admission was `over`. */
export function dedupOwners(
  scope: RequestScope,
  object: KubeObject,
  over: 'before admission' | 'after admission',
): void {
  const owners = object.metadata.ownerReferences;
  if (!owners || owners.length < 2) return;
  const seen = new Set<string>();
  const uids: string[] = [];
  const kept: OwnerReference[] = [];
  for (const owner of owners) {
    const text = JSON.stringify([
      owner.apiVersion,
      owner.kind,
      owner.name,
      owner.uid,
      owner.controller,
      owner.blockOwnerDeletion,
    ]);
    if (!seen.has(text)) {
      seen.add(text);
      kept.push(owner);
    } else if (!uids.includes(owner.uid)) uids.push(owner.uid);
  }
  if (kept.length === owners.length) return;
  object.metadata.ownerReferences = kept;
  const when = over === 'after admission' ? ' after mutating admission happens' : '';
  scope.warn(
    `.metadata.ownerReferences contains duplicate entries${when}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${uids.join(', ')}`,
  );
}

/** Whether anything differs that counts for the generation: all but metadata and status. */
export function specChanged(object: KubeObject, old: KubeObject): boolean {
  for (const field of new Set([...Object.keys(object), ...Object.keys(old)])) {
    if (field === 'metadata' || field === 'status' || field === 'kind' || field === 'apiVersion') continue;
    if (!deepEqual(object[field], old[field])) return true;
  }
  return false;
}

/** Structural equality of JSON values; an absent field equals an undefined one. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => deepEqual(item, b[i]));
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  for (const key in left) if (!deepEqual(left[key], memberOf(right, key))) return false;
  for (const key in right) if (memberOf(left, key) === undefined && right[key] !== undefined) return false;
  return true;
}
