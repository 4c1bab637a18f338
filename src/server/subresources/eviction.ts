/** Deletes a pod when no disruption budget forbids it. Upstream: registry/core/pod/storage/eviction.go. */
import { objectSchema, podDisruptionBudgets } from '../../kinds/index.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { type LabelSelector, matchesSelector } from '../../machinery/selectors/index.ts';
import { badRequest, conflict, forbidden, invalid, type Status, StatusError } from '../../machinery/status.ts';
import { apiTime } from '../../machinery/time.ts';
import { invalidError } from '../../machinery/validation/index.ts';
import { decodeStored, encodeObject } from '../encode.ts';
import { negotiateOutput } from '../negotiation/accept.ts';
import { respondValue } from '../respond/object.ts';
import type { ResourceCall } from '../scope.ts';
import { commit } from '../verbs/commit.ts';
import { admissionRequest } from '../verbs/context.ts';
import { optionsObject } from '../verbs/create.ts';
import { type BodyType, readObject } from '../verbs/decode-body.ts';
import { deleteObject } from '../verbs/delete.ts';
import { type DeleteOptions, requireValid, takeDeleteOptions } from '../verbs/delete-options.ts';
import { loadStored } from '../verbs/get.ts';
import { checkNamespace } from '../verbs/metadata.ts';
import { parseWriteOptions } from '../verbs/options.ts';
import { updateObject } from '../verbs/update-object.ts';
import type { SubresourceHandler } from './handler.ts';

interface Eviction extends KubeObject {
  deleteOptions?: Record<string, unknown>;
}

interface PodShape extends KubeObject {
  status?: { phase?: string; conditions?: { type: string; status: string }[] };
}

interface Budget extends KubeObject {
  spec?: { selector?: LabelSelector; unhealthyPodEvictionPolicy?: string };
  status?: {
    observedGeneration?: number;
    disruptionsAllowed?: number;
    desiredHealthy?: number;
    currentHealthy?: number;
    disruptedPods?: Record<string, string>;
    conditions?: { type: string; status?: string; reason?: string; message?: string; lastTransitionTime?: string }[];
  };
}

/** More disrupted pods than this wait for the controller to clear them. */
const MAX_DISRUPTED_PODS = 2_000;
/** The budget is written under contention; as often as upstream retries. */
const MAX_TRIES = 8;

const evictionType = (): BodyType => ({
  group: 'policy',
  version: 'v1',
  kind: 'Eviction',
  schema: objectSchema('policy/v1.Eviction'),
  alsoAs: ['policy/v1beta1'],
});

export const evictionSubresource: SubresourceHandler = {
  async answer(call) {
    const { parts, scope } = call;
    const output = negotiateOutput(scope.request, scope.query, { transforms: 'metadata' });
    const options = parseWriteOptions(scope, 'CreateOptions');
    const eviction = (await readObject(call, evictionType(), options)) as Eviction;
    checkNamespace(call, eviction);
    if (eviction.metadata.name !== call.name) throw badRequest('name in URL does not match name in Eviction object');
    const deletion = deletionOf(eviction, options.dryRun);
    const request = admissionRequest(call, {
      operation: 'CREATE',
      subresource: 'eviction',
      object: eviction,
      options: optionsObject('CreateOptions', options),
      dryRun: options.dryRun,
    });
    await parts.admission.admit(request);
    await parts.admission.validate(request);
    await evict(call, deletion);
    const status: Status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
    return respondValue(call, { value: status, output, status: 201 });
  },
};

/** The options of the deletion, which is tried only where either of its two requests is. Upstream: propagateDryRun. */
function deletionOf({ deleteOptions = {}, metadata }: Eviction, dryRun: boolean): DeleteOptions {
  const deletion = takeDeleteOptions(deleteOptions);
  if (deletion.raw.ignoreStoreReadErrorWithClusterBreakingPotential === true) throw unreadable(metadata.name ?? '');
  const given = deletion.raw.dryRun as string[] | undefined;
  if (dryRun && given?.length && (given.length > 1 || given[0] !== 'All')) {
    const why = `Non-matching dry-run options in request and content: [All] and [${given.join(' ')}]`;
    throw new StatusError(500, '', why);
  }
  if (dryRun) deletion.dryRun = true;
  return deletion;
}

/** Objects that cannot be read are deleted, not evicted. */
const unreadable = (name: string): StatusError =>
  invalid({ group: 'policy', kind: 'Eviction' }, name, [
    invalidError(
      'deleteOptions.ignoreStoreReadErrorWithClusterBreakingPotential',
      true,
      'can not be set for pod eviction, try after removing the option',
    ),
  ]);

async function evict(call: ResourceCall, deletion: DeleteOptions): Promise<void> {
  const pod = decodeStored(call.kind, (await loadStored(call)).text) as PodShape;
  if (!ignoresBudgets(pod)) {
    const budgets = await budgetsOf(call, pod);
    if (budgets.length > 1) {
      throw new StatusError(
        500,
        '',
        'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
      );
    }
    if (budgets.length === 1) {
      await spend(call, { pod, budget: budgets[0]!, dryRun: deletion.dryRun });
      // The budget was spent on this state of the pod.
      const resourceVersion = deletion.preconditions?.resourceVersion;
      const uid = deletion.preconditions?.uid ?? pod.metadata.uid;
      deletion.preconditions = {
        ...(uid === undefined ? {} : { uid }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      };
    }
  }
  if (!deletion.dryRun) {
    const { text } = await markDisrupted(call, deletion);
    const { preconditions } = deletion;
    // The pod was changed by nobody else since.
    if (preconditions?.resourceVersion)
      preconditions.resourceVersion = decodeStored(call.kind, text).metadata.resourceVersion ?? '';
  }
  requireValid(deletion);
  await deleteObject(call, deletion);
}

/** Says on the pod why it goes, for whoever counts its end. Upstream: addConditionAndDeletePod. */
async function markDisrupted(call: ResourceCall, { preconditions }: DeleteOptions): Promise<{ text: string }> {
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: apiTime(call.parts.options.clock.now()),
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
  };
  return updateObject(call, {
    options: { dryRun: false, fieldManager: '', fieldValidation: 'Ignore', force: false },
    optionsKind: 'UpdateOptions',
    subresource: 'status',
    strategy: {},
    generation: false,
    createAbsent: false,
    retryConflicts: true,
    bare: true,
    transform(live) {
      const pod = live as PodShape;
      checkPreconditions(pod, preconditions);
      const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== condition.type);
      return { ...pod, status: { ...pod.status, conditions: [...others, condition] } };
    },
  });
}

/** Upstream: getLatestPod, which calls the resource of pods by their kind. */
function checkPreconditions(
  { metadata }: PodShape,
  { uid, resourceVersion }: NonNullable<DeleteOptions['preconditions']> = {},
): void {
  const pods = { group: '', kind: 'Pod' };
  const refuse = (what: string, [asked, found]: [string, string | undefined], why: string): StatusError =>
    conflict(
      pods,
      metadata.name ?? '',
      `the ${what} in the precondition (${asked}) does not match the ${what} in record (${found}). The object might have been ${why}`,
    );
  if (uid && uid !== metadata.uid) throw refuse('UID', [uid, metadata.uid], 'deleted and then recreated');
  if (resourceVersion && resourceVersion !== metadata.resourceVersion)
    throw refuse('ResourceVersion', [resourceVersion, metadata.resourceVersion], 'modified');
}

/** Pods that end anyway disturb nobody. Upstream: canIgnorePDB. */
function ignoresBudgets(pod: PodShape): boolean {
  const phase = pod.status?.phase;
  return (
    phase === 'Succeeded' || phase === 'Failed' || phase === 'Pending' || pod.metadata.deletionTimestamp !== undefined
  );
}

async function budgetsOf(call: ResourceCall, pod: PodShape): Promise<Budget[]> {
  const { store } = call.parts.options;
  const page = await store
    .shardOf(podDisruptionBudgets.storedAs)
    .list({ resource: podDisruptionBudgets.storedAs, namespace: call.namespace });
  if (!page.ok) throw new StatusError(500, '', 'the disruption budgets cannot be read');
  const budgets = JSON.parse(`[${page.text}]`) as Budget[];
  return budgets.filter((budget) => matchesSelector(budget.spec?.selector, pod.metadata.labels ?? {}));
}

/** Takes one disruption from the budget, again when somebody else took one meanwhile. */
async function spend(
  call: ResourceCall,
  { pod, budget, dryRun }: { pod: PodShape; budget: Budget; dryRun: boolean },
): Promise<void> {
  if (isUnhealthy(pod) && letsUnhealthyGo(budget)) return;
  let current = budget;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const next = takeDisruption(call, current);
    if (dryRun) return;
    const result = await commit(call.parts, {
      type: 'update',
      kind: podDisruptionBudgets,
      key: { resource: podDisruptionBudgets.storedAs, namespace: call.namespace, name: current.metadata.name! },
      object: next,
      encoded: encodeObject(podDisruptionBudgets, next),
      expect: { revision: Number(current.metadata.resourceVersion) },
      attached: [],
    });
    if (result.ok) return;
    if (!result.refusal.current) return;
    current = JSON.parse(result.refusal.current.text) as Budget;
  }
  throw refusal({
    message: `couldn't update PodDisruptionBudget ${budget.metadata.name} due to conflicts`,
    retryAfterSeconds: 10,
  });
}

function isUnhealthy(pod: PodShape): boolean {
  return !pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
}

/** A pod that serves nobody may go when the policy says so, or when enough others are healthy. */
function letsUnhealthyGo({ spec, status = {} }: Budget): boolean {
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  return (status.currentHealthy ?? 0) >= (status.desiredHealthy ?? 0) && (status.desiredHealthy ?? 0) > 0;
}

/** The conditions of a budget that allows no more. Upstream: UpdateDisruptionAllowedCondition. */
function exhausted(status: NonNullable<Budget['status']>, now: string): NonNullable<typeof status.conditions> {
  const before = status.conditions ?? [];
  const old = before.find(({ type }) => type === 'DisruptionAllowed');
  const condition = {
    type: 'DisruptionAllowed',
    status: 'False',
    observedGeneration: status.observedGeneration ?? 0,
    lastTransitionTime: old?.status === 'False' ? (old.lastTransitionTime ?? now) : now,
    reason: 'InsufficientPods',
    message: '',
  };
  return old ? before.map((other) => (other === old ? condition : other)) : [...before, condition];
}

/** The budget after one disruption. Throws 429 while it allows none. Upstream: checkAndDecrement. */
function takeDisruption(call: ResourceCall, budget: Budget): Budget {
  const { status = {}, metadata } = budget;
  const name = metadata.name ?? '';
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) {
    throw refusal({
      message: `The disruption budget ${name} is still being processed by the server.`,
      retryAfterSeconds: 10,
    });
  }
  const allowed = status.disruptionsAllowed ?? 0;
  const budgets = { group: 'policy', kind: 'poddisruptionbudget' };
  if (allowed < 0) throw forbidden(budgets, name, 'pdb disruptions allowed is negative');
  if (Object.keys(status.disruptedPods ?? {}).length > MAX_DISRUPTED_PODS) {
    const why = 'DisruptedPods map too big - too many evictions not confirmed by PDB controller';
    throw forbidden(budgets, name, why);
  }
  if (allowed === 0) throw refusal({ message: `The disruption budget ${name} ${whyNone(status)}` });
  return {
    ...budget,
    status: {
      ...status,
      disruptionsAllowed: allowed - 1,
      ...(allowed === 1 ? { conditions: exhausted(status, apiTime(call.parts.options.clock.now())) } : {}),
      disruptedPods: { ...status.disruptedPods, [call.name]: apiTime(call.parts.options.clock.now()) },
    },
  };
}

/** What keeps a budget from allowing a disruption. */
function whyNone({ conditions, currentHealthy = 0, desiredHealthy = 0 }: NonNullable<Budget['status']>): string {
  const none = 'does not allow evicting pods currently';
  const condition = conditions?.find(({ type }) => type === 'DisruptionAllowed');
  const explained = condition?.status === 'False' && condition.message ? condition : undefined;
  if (explained?.reason === 'SyncFailed') return `${none} because it failed sync: ${explained.message}`;
  if (currentHealthy <= desiredHealthy)
    return `needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
  return explained ? `${none} (${explained.reason}): ${explained.message}` : none;
}

function refusal({ message, retryAfterSeconds }: { message: string; retryAfterSeconds?: number }): StatusError {
  return new StatusError(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [{ reason: 'DisruptionBudget', message }],
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}
