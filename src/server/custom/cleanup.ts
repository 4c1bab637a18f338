/** Deletes the objects of a definition that is being deleted. Upstream: pkg/controller/finalizer/crd_finalizer.go. */
import {
  type CustomResourceDefinition,
  conditionIs,
  type DefinitionCondition,
  type DefinitionRecord,
} from '../../kinds/index.ts';
import type { Kind } from '../../machinery/kind.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { StatusError } from '../../machinery/status.ts';
import type { ObjectKey, Precondition } from '../../storage/contract.ts';
import type { ServerParts } from '../scope.ts';
import { commit } from '../verbs/commit.ts';
import { planDeletion } from '../verbs/deletion-plan.ts';

export interface CleanupOutcome {
  /** Nothing is left. */
  done: boolean;
  condition: Omit<DefinitionCondition, 'type'>;
}

interface CleanupOptions {
  parts: ServerParts;
  registry: { kindsOf(record: DefinitionRecord): Promise<{ stored(): Kind } | undefined> };
}

/** Objects read at a time, and deleted at the same time. */
const PAGE = 200;
const WIDTH = 16;
/** Milliseconds after which the rest is left to the next pass. */
const BUDGET_MS = 10_000;

/** One pass over the objects of a definition. */
export async function deleteInstances(
  options: CleanupOptions,
  definition: CustomResourceDefinition,
  record: DefinitionRecord | undefined,
): Promise<CleanupOutcome> {
  if (!conditionIs(definition, 'Established') || !record)
    return finished('NeverEstablished', 'resource was never established');
  const kinds = await options.registry.kindsOf(record);
  if (!kinds) return finished('NeverEstablished', 'resource was never established');
  try {
    const left = await deleteAll(options.parts, kinds.stored());
    if (!left) return finished('InstanceDeletionCompleted', 'removed all instances');
    return pending('InstanceDeletionInProgress', 'CustomResource deletion is in progress');
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return pending('InstanceDeletionFailed', `could not issue all deletes: ${error.message}`);
  }
}

const finished = (reason: string, message: string): CleanupOutcome => ({
  done: true,
  condition: { status: 'False', reason, message },
});

const pending = (reason: string, message: string): CleanupOutcome => ({
  done: false,
  condition: { status: 'True', reason, message },
});

/** True when objects are left: those with finalizers, or more than there was time for. */
async function deleteAll(parts: ServerParts, kind: Kind): Promise<boolean> {
  const { store, clock } = parts.options;
  const until = clock.now() + BUDGET_MS;
  const shard = store.shardOf(kind.storedAs);
  let after: { namespace: string; name: string } | undefined;
  let held = false;
  for (;;) {
    const query = { resource: kind.storedAs, limit: PAGE, maxCharacters: 4_000_000, ...(after ? { after } : {}) };
    const page = await shard.list(query);
    if (!page.ok) return true;
    if (await deletePage(parts, kind, JSON.parse(`[${page.text}]`) as KubeObject[])) held = true;
    if (!page.next) return held;
    after = page.next;
    if (clock.now() > until) return true;
  }
}

/** Removes what nothing holds in one transaction, and the rest one by one. True when some are left. */
async function deletePage(parts: ServerParts, kind: Kind, objects: readonly KubeObject[]): Promise<boolean> {
  const { store, random } = parts.options;
  const free = objects.filter(({ metadata }) => !metadata.finalizers?.length);
  let rest = objects.filter(({ metadata }) => metadata.finalizers?.length);
  const ops = free.map((object) => ({ type: 'delete' as const, key: keyOf(kind, object), expect: versionOf(object) }));
  if (ops.length > 0) {
    const result = await store.shardOf(kind.storedAs).transact({ id: random.uuid(), ops });
    parts.config.observe(result.tracked, kind.storedAs);
    if (!result.ok) rest = [...objects];
  }
  let held = false;
  const work = async (): Promise<void> => {
    for (let object = rest.pop(); object; object = rest.pop()) {
      if (!(await deleteOne(parts, kind, object))) held = true;
    }
  };
  await Promise.all(Array.from({ length: Math.min(WIDTH, rest.length) }, work));
  return held;
}

const keyOf = (kind: Kind, { metadata: { namespace = '', name = '' } }: KubeObject): ObjectKey => ({
  ...{ resource: kind.storedAs, namespace, name },
});

const versionOf = ({ metadata }: KubeObject): Precondition => ({ revision: Number(metadata.resourceVersion) });

/** True when the object is gone. */
async function deleteOne(parts: ServerParts, kind: Kind, object: KubeObject): Promise<boolean> {
  const options = { dryRun: false, raw: { metadata: {} } };
  const plan = planDeletion(kind, object, { options, now: parts.options.clock.now() });
  if (plan.type === 'nothing') return false;
  const result = await commit(parts, {
    type: plan.type === 'remove' ? 'delete' : 'update',
    kind: asStored(kind, object),
    key: keyOf(kind, object),
    object: plan.type === 'remove' ? undefined : plan.object,
    expect: versionOf(object),
    attached: [],
  });
  if (!result.ok) return result.refusal.why === 'NotFound';
  return plan.type === 'remove';
}

/** Objects may be stored in any version, and are written back in it: nothing but their metadata changes. */
const asStored = (kind: Kind, { apiVersion }: KubeObject): Kind =>
  Object.create(kind, { storageVersion: { value: apiVersion }, toStorage: { value: undefined } }) as Kind;
