/**
 * Changing one object: read, transform, admit, validate, write, and again when somebody else was faster.
 * Upstream: registry/generic/registry/store.go Update, storage/etcd3/store.go GuaranteedUpdate, registry/rest/update.go.
 */
import { settleManagedFields } from '../../machinery/apply/index.ts';
import type { Kind, Strategy } from '../../machinery/kind.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { quote } from '../../machinery/quote.ts';
import { conflict, invalid, notFound, StatusError } from '../../machinery/status.ts';
import type { StoredObject } from '../../storage/contract.ts';
import type { AttachedWrite } from '../contract.ts';
import { decodeStored, encodeObject, textAtRevision } from '../encode.ts';
import { attributesOf, authorize } from '../filters/authorization.ts';
import { keyOf, type ResourceCall, subjectOf } from '../scope.ts';
import { type CommitResult, commit } from './commit.ts';
import { admissionRequest, strategyContext } from './context.ts';
import { createObject, optionsObject } from './create.ts';
import { isDeletable } from './deletion-plan.ts';
import { checkNamespace, dedupOwners, deepEqual, specChanged } from './metadata.ts';
import type { OptionsKind, WriteOptions } from './options.ts';
import { registryPath } from './registry-path.ts';
import { validateChanged } from './validate.ts';

export const MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again';

export interface UpdatePlan {
  options: WriteOptions;
  optionsKind: OptionsKind;
  /** Empty for the object itself. */
  subresource: string;
  strategy: Strategy;
  /** The generation rises with the spec; off for subresources that do not touch it. */
  generation: boolean;
  /** Makes the new object, with managed fields. `old` may not be changed. Undefined `old`: the object is absent. */
  transform(old: KubeObject | undefined): Promise<KubeObject> | KubeObject;
  /** The UID the stored object must have. */
  uid?: string;
  /** The version that the stored object must have, whatever the new one says. */
  version?: string;
  /** Creates the object when it is absent. */
  createAbsent: boolean;
  /** `transform` admits and validates what the client sent; the object itself is not validated again. */
  bare?: boolean;
  /** Transforms again when the object changed meanwhile, although the new object names a version. */
  retryConflicts?: boolean;
}

export interface Updated {
  text: string;
  created: boolean;
}

/** How often a write that names no version is tried against a moving object. */
const MAX_TRIES = 100;

export async function updateObject(call: ResourceCall, plan: UpdatePlan): Promise<Updated> {
  const { config, options } = call.parts;
  const key = keyOf(call);
  const read = await options.store.shardOf(key.resource).get(key);
  config.observe(read.tracked, key.resource);
  let stored = read.object;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    if (!stored) return createInstead(call, plan);
    const outcome = await tryUpdate(call, plan, stored);
    if ('text' in outcome) return outcome;
    stored = outcome.current;
  }
  throw conflict(subjectOf(call.kind), call.name, MODIFIED);
}

async function createInstead(call: ResourceCall, plan: UpdatePlan): Promise<Updated> {
  if (!plan.createAbsent) throw notFound(subjectOf(call.kind), call.name);
  if (plan.uid) throw failedPrecondition(call, plan, { field: 'UID', wanted: plan.uid, present: '' });
  await authorize(call.parts, { ...attributesOf(call.scope), verb: 'create' });
  const object = await plan.transform(undefined);
  checkNamespace(call, object);
  checkVersionText(object.metadata.resourceVersion);
  if (!plan.options.dryRun) delete object.metadata.resourceVersion;
  return { text: await createObject(call, object, { ...plan.options, recorded: true }), created: true };
}

type Attempt = Updated | { current: StoredObject | null };

async function tryUpdate(call: ResourceCall, plan: UpdatePlan, stored: StoredObject): Promise<Attempt> {
  const { kind } = call;
  const old = decodeStored(kind, stored.text);
  checkPreconditions(call, plan, old);
  const object = await plan.transform(old);
  // Version 0 is none.
  if (/^0+$/.test(object.metadata.resourceVersion ?? '')) delete object.metadata.resourceVersion;
  const unconditional = !object.metadata.resourceVersion;
  const attached: AttachedWrite[] = [];
  const admitted = (): void => checkVersion(call, object, { stored, unconditional });
  await admitAndValidate(call, plan, { object, old, attached, admitted });
  const encoded = encodeObject(kind, object);
  if (isUnchanged(kind, textAtRevision(encoded, String(stored.revision)), { object, stored, old })) {
    return { text: stored.text, created: false };
  }
  const gone = isDeletable(object);
  if (plan.options.dryRun) return { text: textAtRevision(encoded, String(stored.revision)), created: false };
  const result = await commit(call.parts, {
    type: gone ? 'delete' : 'update',
    kind,
    key: stored.key,
    // The event of a deletion shows the object as it was held last.
    object: gone ? undefined : object,
    expect: { revision: stored.revision },
    attached,
    encoded,
  });
  if (gone && result.ok) return { text: textAtRevision(encoded, String(stored.revision)), created: false };
  return settle(call, {
    result,
    retry: unconditional || plan.retryConflicts === true,
    fallback: textAtRevision(encoded, String(stored.revision)),
  });
}

function settle(
  call: ResourceCall,
  { result, retry, fallback }: { result: CommitResult; retry: boolean; fallback: string },
): Attempt {
  if (result.ok) return { text: result.stored?.text ?? fallback, created: false };
  const { refusal } = result;
  if (refusal.why === 'NotFound') throw notFound(subjectOf(call.kind), call.name);
  if (!retry) throw conflict(subjectOf(call.kind), call.name, MODIFIED);
  return { current: refusal.current ?? null };
}

interface Admittance {
  object: KubeObject;
  old: KubeObject;
  attached: AttachedWrite[];
  /** Judges the version that the object names, which counts only for what admission lets in. */
  admitted(): void;
}

/** Runs what stands between a transformed object and its write; changes `object`. */
async function admitAndValidate(
  call: ResourceCall,
  plan: UpdatePlan,
  { object, old, attached, admitted }: Admittance,
): Promise<void> {
  const { kind, parts } = call;
  const { options, strategy, subresource } = plan;
  const request = admissionRequest(call, {
    operation: 'UPDATE',
    subresource,
    object,
    oldObject: old,
    options: optionsObject(plan.optionsKind, options),
    dryRun: options.dryRun,
    attached,
  });
  if (plan.bare) admitted();
  if (plan.bare && kind.inVersion) {
    strategy.prepareForUpdate?.(object, old, strategyContext(call, options.dryRun));
    validateChanged(call, object, { strategy, old, dryRun: options.dryRun, subresource });
    return;
  }
  if (plan.bare) {
    if (plan.generation) raiseGeneration(call, object, old);
    return;
  }
  await parts.admission.admit(request);
  admitted();
  dedupOwners(call.scope, object, 'after admission');
  keepSystemFields(object, old);
  strategy.prepareForUpdate?.(object, old, strategyContext(call, options.dryRun));
  if (plan.generation) raiseGeneration(call, object, old);
  validateChanged(call, object, { strategy, old, dryRun: options.dryRun, subresource });
  strategy.canonicalize?.(object);
  // What names no version changes the one that was read.
  if (old.metadata.resourceVersion) object.metadata.resourceVersion ||= old.metadata.resourceVersion;
  await parts.admission.validate(request);
  const hook = parts.hooks.get(kind.storedAs);
  if (!hook || (subresource !== '' && !hook.everyWrite)) return;
  const held = await hook.begin({ operation: 'UPDATE', object, old, dryRun: options.dryRun });
  if (held) attached.push(held);
}

/** What a client cannot change stays as it was stored. Upstream: rest.BeforeUpdate. */
function keepSystemFields(object: KubeObject, old: KubeObject): void {
  const { metadata } = object;
  const before = old.metadata;
  metadata.uid ||= before.uid ?? '';
  metadata.creationTimestamp = before.creationTimestamp ?? null;
  metadata.generation = before.generation ?? 0;
  if (metadata.generation === 0) delete metadata.generation;
  if (before.namespace) metadata.namespace ||= before.namespace;
  if (before.deletionTimestamp !== undefined) metadata.deletionTimestamp = before.deletionTimestamp;
  if (before.deletionGracePeriodSeconds !== undefined)
    metadata.deletionGracePeriodSeconds ??= before.deletionGracePeriodSeconds;
  delete metadata.selfLink;
}

function raiseGeneration(call: ResourceCall, object: KubeObject, old: KubeObject): void {
  const { generation } = call.kind;
  if (generation.onCreate === 0) return;
  const before = old.metadata.generation ?? 0;
  // A strategy may have raised it for a reason of its own.
  if ((object.metadata.generation ?? 0) > before) return;
  if (generation.onSpecChange > 0 && specChanged(object, old))
    object.metadata.generation = before + generation.onSpecChange;
  else if (generation.onMetadataChange > 0 && !deepEqual(object.metadata.labels ?? {}, old.metadata.labels ?? {})) {
    object.metadata.generation = before + generation.onMetadataChange;
  }
}

function checkPreconditions(call: ResourceCall, plan: UpdatePlan, { metadata }: KubeObject): void {
  const { uid = '', resourceVersion = '' } = metadata;
  if (plan.uid && plan.uid !== uid)
    throw failedPrecondition(call, plan, { field: 'UID', wanted: plan.uid, present: uid });
  if (plan.version && plan.version !== resourceVersion) {
    const field = 'ResourceVersion';
    throw failedPrecondition(call, plan, { field, wanted: plan.version, present: resourceVersion });
  }
}

function failedPrecondition(
  call: ResourceCall,
  { options }: UpdatePlan,
  { field, wanted, present }: { field: string; wanted: string; present: string },
): StatusError {
  const key = registryPath(call.kind, { namespace: call.namespace, name: call.name, dryRun: options.dryRun });
  const why = `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: ${field} in precondition: ${wanted}, ${field} in object meta: ${present}`;
  return conflict(subjectOf(call.kind), call.name, why);
}

function checkVersion(
  call: ResourceCall,
  object: KubeObject,
  { stored, unconditional }: { stored: StoredObject; unconditional: boolean },
): void {
  if (unconditional) {
    if (call.kind.allowUnconditionalUpdate) return;
    throw versionRequired(call);
  }
  const version = object.metadata.resourceVersion!;
  checkVersionText(version);
  if (version !== String(stored.revision)) throw conflict(subjectOf(call.kind), call.name, MODIFIED);
}

/** Upstream: APIObjectVersioner ObjectResourceVersion. */
function checkVersionText(version = ''): void {
  if (/^\d*$/.test(version)) return;
  throw new StatusError(500, '', `strconv.ParseUint: parsing ${quote(version)}: invalid syntax`);
}

function versionRequired(call: ResourceCall): StatusError {
  return invalid(subjectOf(call.kind), call.name, [
    {
      type: 'FieldValueInvalid',
      field: 'metadata.resourceVersion',
      message: 'Invalid value: 0: must be specified for an update',
    },
  ]);
}

/** Whether a write would change nothing but the times of managed fields. */
function isUnchanged(
  kind: Kind,
  text: string,
  { object, stored, old }: { object: KubeObject; stored: StoredObject; old: KubeObject },
): boolean {
  if (text === stored.text) return true;
  // What is read with defaults that were never written is written with them.
  if (kind.inVersion && textAtRevision(encodeObject(kind, old), String(stored.revision)) !== stored.text) return false;
  const { resourceVersion } = old.metadata;
  return settleManagedFields(old, {
    ...object,
    metadata: { ...object.metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
  });
}
