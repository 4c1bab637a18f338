/** POST of a collection. Upstream: handlers/create.go, registry/generic/registry/store.go Create. */
import { nameSuffix } from '../../base/random.ts';
import type { Strategy } from '../../machinery/kind.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { alreadyExists, internalError, StatusError } from '../../machinery/status.ts';
import { apiTime } from '../../machinery/time.ts';
import type { AttachedWrite } from '../contract.ts';
import { encodeObject, textAtRevision } from '../encode.ts';
import { respondText } from '../respond/object.ts';
import { keyOf, type ResourceCall, subjectOf } from '../scope.ts';
import { commit } from './commit.ts';
import { admissionRequest, strategyContext } from './context.ts';
import { readObject } from './decode-body.ts';
import { checkNamespace, dedupOwners } from './metadata.ts';
import { managerOf, type OptionsKind, parseWriteOptions, type WriteOptions } from './options.ts';
import { outputOf } from './output.ts';
import { validateNew } from './validate.ts';

/** How often a generated name is tried anew when it is taken. */
const MAX_GENERATE_TRIES = 8;
/** Longest part of a generated name that the client gives. */
const MAX_GENERATED_BASE = 58;

export async function createVerb(call: ResourceCall): Promise<Response> {
  const output = outputOf(call);
  const options = parseWriteOptions(call.scope, 'CreateOptions');
  const object = await readObject(call, call.kind, options);
  checkNamespace(call, object);
  const text = await createObject(call, object, options);
  return respondText(call, { text, output, status: 201 });
}

/** Admits, validates and stores a new object; the result is its stored text. */
export async function createObject(call: ResourceCall, object: KubeObject, options: WriteOptions): Promise<string> {
  const { kind, parts, scope } = call;
  const { metadata } = object;
  const given = metadata.resourceVersion;
  delete metadata.resourceVersion;
  wipeSystemFields(object);
  if (!options.recorded) dedupOwners(scope, object, 'before admission');
  parts.definitions.checkCreate(kind, metadata.name ?? '');
  if (!options.recorded) {
    const manager = managerOf(scope, options);
    parts.fieldOwners.recordUpdate({
      kind,
      object,
      live: undefined,
      manager,
      subresource: '',
      now: parts.options.clock.now(),
    });
  }
  const attached: AttachedWrite[] = [];
  const request = admissionRequest(call, {
    operation: 'CREATE',
    name: metadata.name ?? '',
    object,
    options: optionsObject('CreateOptions', options),
    dryRun: options.dryRun,
    attached,
  });
  await parts.admission.admit(request);
  dedupOwners(scope, object, 'after admission');
  checkNamespace(call, object);
  const generated = prepareNew(call, object, options.dryRun);
  validateNew(call, object, { strategy: kind.strategy, dryRun: options.dryRun });
  kind.strategy.canonicalize?.(object);
  request.name = metadata.name ?? '';
  await parts.admission.validate(request);
  // Storage refuses versions, which a dry run does not come to.
  if (!options.dryRun && /^0*[1-9]\d*$/.test(given ?? ''))
    throw new StatusError(500, '', 'resourceVersion should not be set on objects to be created');
  const hook = parts.hooks.get(kind.storedAs);
  const held = await hook?.begin({ operation: 'CREATE', object, dryRun: options.dryRun });
  if (held) attached.push(held);
  if (options.dryRun) return answerDryRun(call, object, given);
  const guard = parts.definitions.guard(kind);
  if (guard) attached.push(guard);
  return store(call, object, { attached, generated });
}

/** What only the server may say of a new object is not shown to admission either. Upstream: WipeObjectMetaSystemFields. */
function wipeSystemFields({ metadata }: KubeObject): void {
  delete metadata.uid;
  delete metadata.creationTimestamp;
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  delete metadata.selfLink;
}

/** Fills what the server decides about a new object. True when the name was generated here. */
export function prepareNew(call: ResourceCall, object: KubeObject, dryRun: boolean): boolean {
  const { kind } = call;
  const { clock, random } = call.parts.options;
  const { metadata } = object;
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  metadata.creationTimestamp = apiTime(clock.now());
  metadata.uid = random.uuid();
  delete metadata.selfLink;
  const generated = !metadata.name && Boolean(metadata.generateName);
  if (generated) metadata.name = generateName(call, metadata.generateName!);
  if (kind.generation.onCreate > 0) metadata.generation = kind.generation.onCreate;
  (kind.strategy as Strategy).prepareForCreate?.(object, strategyContext(call, dryRun));
  return generated;
}

function generateName(call: ResourceCall, base: string): string {
  if (call.kind.generatedNames === 'asGiven') return base;
  return base.slice(0, MAX_GENERATED_BASE) + nameSuffix(call.parts.options.random);
}

async function store(
  call: ResourceCall,
  object: KubeObject,
  { attached, generated }: { attached: AttachedWrite[]; generated: boolean },
): Promise<string> {
  for (let tries = 1; ; tries++) {
    const name = object.metadata.name!;
    const result = await commit(call.parts, {
      type: 'create',
      kind: call.kind,
      key: keyOf(call, name),
      object,
      attached,
    });
    if (result.ok) return result.stored!.text;
    if (result.refusal.why !== 'AlreadyExists')
      throw internalError(`storage refused a new object: ${result.refusal.why}`);
    if (!generated || tries >= MAX_GENERATE_TRIES)
      throw taken(call, name, { generated, current: result.refusal.current?.text });
    object.metadata.name = generateName(call, object.metadata.generateName!);
  }
}

function taken(
  call: ResourceCall,
  name: string,
  { generated, current }: { generated: boolean; current: string | undefined },
): StatusError {
  const error = alreadyExists(subjectOf(call.kind), name);
  if (generated) {
    const message = `${error.message}, the server was not able to generate a unique name for the object`;
    return new StatusError(409, 'AlreadyExists', message, { ...error.status.details, retryAfterSeconds: 1 });
  }
  const deleting =
    current !== undefined && (JSON.parse(current) as KubeObject).metadata.deletionTimestamp !== undefined;
  if (!deleting) return error;
  return new StatusError(409, 'AlreadyExists', `object is being deleted: ${error.message}`, error.status.details);
}

async function answerDryRun(call: ResourceCall, object: KubeObject, given = ''): Promise<string> {
  const shard = call.parts.options.store.shardOf(call.kind.storedAs);
  const present = await shard.get(keyOf(call, object.metadata.name));
  call.parts.config.observe(present.tracked, call.kind.storedAs);
  if (present.object) throw taken(call, object.metadata.name!, { generated: false, current: present.object.text });
  return textAtRevision(encodeObject(call.kind, object), given);
}

/** The options of a write as admission sees them; those of a patch as the update or creation that it is. */
export function optionsObject(kind: OptionsKind, options: WriteOptions): KubeObject {
  return {
    kind: kind === 'PatchOptions' ? 'UpdateOptions' : kind,
    apiVersion: 'meta.k8s.io/v1',
    ...(options.dryRun ? { dryRun: ['All'] } : {}),
    ...(options.fieldManager === '' ? {} : { fieldManager: options.fieldManager }),
    ...(options.givenValidation ? { fieldValidation: options.givenValidation } : {}),
  } as unknown as KubeObject;
}
