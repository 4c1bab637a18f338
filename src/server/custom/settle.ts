/**
 * What upstream's controllers of definitions do, as part of the server: accept names, establish, and delete the objects
 * of a definition before it goes. Each step is one write that fails when the definition changed meanwhile, so steps may
 * run anywhere at the same time; what a crash cuts short is done by the next request that looks at definitions.
 */
import {
  CLEANUP_FINALIZER,
  type CustomResourceDefinition,
  customResourceDefinitions,
  type DefinitionRecord,
  setDefinitionCondition,
} from '../../kinds/index.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import type { StoredObject } from '../../storage/contract.ts';
import { decodeStored } from '../encode.ts';
import type { ServerParts } from '../scope.ts';
import { commit } from '../verbs/commit.ts';
import { isDeletable } from '../verbs/deletion-plan.ts';
import { deleteInstances } from './cleanup.ts';
import type { CustomRegistry } from './custom-registry.ts';
import { definitionRecords } from './definition-records.ts';
import { settleStatus, takenNames } from './naming.ts';

export interface SettleOptions {
  parts: ServerParts;
  registry: CustomRegistry;
}

/** How often a write is tried against a definition that others change. */
const MAX_TRIES = 8;

/** Brings one definition as far as it can go now. */
export async function settleDefinition(options: SettleOptions, name: string): Promise<void> {
  const { parts } = options;
  const key = { resource: customResourceDefinitions.storedAs, namespace: '', name };
  const shard = parts.options.store.shardOf(key.resource);
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const { object, tracked } = await shard.get(key);
    parts.config.observe(tracked, key.resource);
    if (!object) return;
    const old = decodeStored(customResourceDefinitions, object.text) as CustomResourceDefinition;
    const step =
      old.metadata.deletionTimestamp === undefined ? await namingStep(options, old) : await cleanupStep(options, old);
    if (!step || (await write(options, { stored: object, old, changed: step }))) return;
  }
}

/** The definition with its names decided; undefined when nothing is to be changed. */
async function namingStep(
  { parts, registry }: SettleOptions,
  old: CustomResourceDefinition,
): Promise<CustomResourceDefinition | undefined> {
  const index = await registry.index();
  const others = index.inGroup(old.spec.group).filter(({ metadata }) => metadata.name !== old.metadata.name);
  const changed = structuredClone(old);
  const taken = takenNames(others.map(({ names }) => names));
  return settleStatus(changed, taken, parts.options.clock.now()) ? changed : undefined;
}

/** The definition after its objects were deleted, or with the reason why some are left. */
async function cleanupStep(
  options: SettleOptions,
  old: CustomResourceDefinition,
): Promise<CustomResourceDefinition | undefined> {
  if (!old.metadata.finalizers?.includes(CLEANUP_FINALIZER)) return undefined;
  const record = await recordOfDefinition(options, old);
  const outcome = await deleteInstances(options, old, record);
  const changed = structuredClone(old);
  setDefinitionCondition(changed, { type: 'Terminating', ...outcome.condition }, options.parts.options.clock.now());
  if (outcome.done)
    changed.metadata.finalizers =
      changed.metadata.finalizers?.filter((finalizer) => finalizer !== CLEANUP_FINALIZER) ?? [];
  else if (JSON.stringify(changed) === JSON.stringify(old)) return undefined;
  return changed;
}

async function recordOfDefinition(
  { registry }: SettleOptions,
  { metadata }: CustomResourceDefinition,
): Promise<DefinitionRecord | undefined> {
  const { name = '' } = metadata;
  const dot = name.indexOf('.');
  return (await registry.index()).find(name.slice(0, dot), name.slice(dot + 1));
}

/** Writes the status and finalizers that a step decided on. False when the definition changed meanwhile. */
async function write(
  { parts }: SettleOptions,
  { stored, old, changed }: { stored: StoredObject; old: CustomResourceDefinition; changed: CustomResourceDefinition },
): Promise<boolean> {
  const object: KubeObject = changed;
  const live: KubeObject = old;
  const now = parts.options.clock.now();
  parts.fieldOwners.recordUpdate({
    ...{ kind: customResourceDefinitions, object, live, now },
    manager: 'kube-apiserver',
    subresource: 'status',
  });
  const held = await definitionRecords.begin({ operation: 'UPDATE', object, old: live, dryRun: false });
  const gone = isDeletable(object);
  const result = await commit(parts, {
    type: gone ? 'delete' : 'update',
    kind: customResourceDefinitions as never,
    key: stored.key,
    object,
    expect: { revision: stored.revision },
    attached: held ? [held] : [],
  });
  if (result.ok) return true;
  return result.refusal.why === 'NotFound';
}
