/** DELETE of one object. Upstream: handlers/delete.go, registry/generic/registry/store.go Delete. */
import type { KubeObject } from '../../machinery/meta.ts';
import { conflict, internalError, notFound, type Status } from '../../machinery/status.ts';
import type { StoredObject } from '../../storage/contract.ts';
import type { AttachedWrite } from '../contract.ts';
import { decodeStored, encodeObject, textAtRevision } from '../encode.ts';
import type { Output } from '../negotiation/accept.ts';
import { respondText, respondValue } from '../respond/object.ts';
import { keyOf, type ResourceCall, subjectOf } from '../scope.ts';
import { commit } from './commit.ts';
import { admissionRequest } from './context.ts';
import { type DeleteOptions, readDeleteOptions } from './delete-options.ts';
import { planDeletion } from './deletion-plan.ts';
import { outputOf } from './output.ts';

export async function deleteVerb(call: ResourceCall): Promise<Response> {
  const output = outputOf(call);
  const options = await readDeleteOptions(call.scope);
  warnOnDelete(call, options);
  return answerDeletion(call, { output, options, deleted: await deleteObject(call, options) });
}

/** Adds what is said of deletions that say nothing of dependents. */
export function warnOnDelete({ kind, scope }: ResourceCall, options: DeleteOptions): void {
  if (kind.warningOnDelete && options.propagationPolicy === undefined && options.orphanDependents === undefined)
    scope.warn(kind.warningOnDelete);
}

export interface Deleted {
  /** The last or present state. */
  text: string;
  /** False when the object only was marked. */
  removed: boolean;
}

/** The answer of a DELETE: a Status, or the object for kinds that say so and for objects that stay. */
function answerDeletion(
  call: ResourceCall,
  answer: { output: Output; options: DeleteOptions; deleted: Deleted },
): Response {
  const { output, options } = answer;
  const { text, removed } = answer.deleted;
  // Who asks for the dependents to go in the old way is told that it takes time.
  const code = !removed && options.orphanDependents === false ? 202 : 200;
  if (!removed || call.kind.delete.returns === 'object') return respondText(call, { text, output, status: code });
  const object = decodeStored(call.kind, text);
  const { kind } = call;
  const status: Status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name: object.metadata.name ?? call.name,
      ...(kind.group === '' ? {} : { group: kind.group }),
      kind: kind.resource,
      uid: object.metadata.uid ?? '',
    },
  };
  return respondValue(call, { value: status, output, status: 200 });
}

const MAX_TRIES = 100;

/** Deletes the object that `call` names. Throws 404, 409 and what admission says. */
export async function deleteObject(call: ResourceCall, options: DeleteOptions): Promise<Deleted> {
  const { config, options: host } = call.parts;
  const key = keyOf(call);
  const read = await host.store.shardOf(key.resource).get(key);
  config.observe(read.tracked, key.resource);
  let stored = read.object;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    if (!stored) throw notFound(subjectOf(call.kind), call.name);
    const outcome = await tryDelete(call, options, stored);
    if ('text' in outcome) return outcome;
    stored = outcome.current;
  }
  throw internalError('the object changed too often to be deleted');
}

async function tryDelete(
  call: ResourceCall,
  options: DeleteOptions,
  stored: StoredObject,
): Promise<Deleted | { current: StoredObject | null }> {
  const { kind, parts } = call;
  const old = decodeStored(kind, stored.text);
  checkPreconditions(call, old, options);
  const attached: AttachedWrite[] = [];
  const request = admissionRequest(call, {
    operation: 'DELETE',
    ...(options.inCollection ? { name: '' } : {}),
    oldObject: old,
    options: options.raw,
    dryRun: options.dryRun,
    attached,
  });
  await parts.admission.admit(request);
  await parts.admission.validate(request);
  const plan = planDeletion(kind, old, { options, now: parts.options.clock.now() });
  if (plan.type === 'nothing') return { text: stored.text, removed: false };
  const hook = parts.hooks.get(kind.storedAs);
  if (plan.type === 'remove' || hook?.everyWrite) {
    const held = await hook?.begin({
      ...(plan.type === 'remove'
        ? { operation: 'DELETE', object: old }
        : { operation: 'UPDATE', object: plan.object, old }),
      dryRun: options.dryRun,
    });
    if (held) attached.push(held);
  }
  const changed = plan.type === 'mark' || plan.marked;
  const fallback = changed ? textAtRevision(encodeObject(kind, plan.object), String(stored.revision)) : stored.text;
  if (options.dryRun) return { text: fallback, removed: plan.type === 'remove' };
  let { revision } = stored;
  let text = fallback;
  if (changed) {
    // Watchers of a graceful object see its last mark before it goes.
    const marked = plan.type === 'mark' ? attached : [];
    const result = await commit(parts, {
      type: 'update',
      kind,
      key: stored.key,
      object: plan.object,
      expect: { revision },
      attached: marked,
    });
    if (!result.ok) return { current: result.refusal.current ?? null };
    if (result.stored) ({ revision, text } = result.stored);
    if (plan.type === 'mark') return { text, removed: false };
  }
  const result = await commit(parts, {
    type: 'delete',
    kind,
    key: stored.key,
    object: undefined,
    expect: { revision },
    attached,
  });
  if (!result.ok) return { current: result.refusal.current ?? null };
  return { text: atRevision(text, { from: revision, to: result.revision }), removed: true };
}

/** The text as of its deletion. The version in the metadata is the first in any stored text. */
function atRevision(text: string, { from, to }: { from: number; to: number }): string {
  return text.replace(`"resourceVersion":"${from}"`, `"resourceVersion":"${to}"`);
}

function checkPreconditions(call: ResourceCall, old: KubeObject, { preconditions }: DeleteOptions): void {
  if (!preconditions) return;
  const { uid, resourceVersion } = preconditions;
  const { ownHandler } = call.kind.delete;
  // These name the kind and not the resource, and the group it is stored in.
  const [group] = call.kind.storageVersion.includes('/') ? call.kind.storageVersion.split('/') : [''];
  const subject = ownHandler ? subjectOf(call.kind) : { group: group ?? '', kind: call.kind.kind };
  if (uid !== undefined && uid !== null && uid !== old.metadata.uid) {
    const why = ownHandler
      ? `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`
      : `the UID in the precondition (${uid}) does not match the UID in record (${old.metadata.uid}). The object might have been deleted and then recreated`;
    throw conflict(subject, call.name, why);
  }
  if (resourceVersion !== undefined && resourceVersion !== null && resourceVersion !== old.metadata.resourceVersion) {
    const why = ownHandler
      ? `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${old.metadata.resourceVersion}`
      : `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${old.metadata.resourceVersion}). The object might have been modified`;
    throw conflict(subject, call.name, why);
  }
}
