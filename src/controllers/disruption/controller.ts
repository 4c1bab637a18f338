import { type Pod, type PodDisruptionBudget, podDisruptionBudgets, pods } from '../../kinds/index.ts';
import { applyOrThrow } from '../runtime/apply-plan.ts';
import { type Change, formatKey, keyOfObject, parseKey } from '../runtime/change.ts';
import {
  type Controller,
  defineController,
  type KeyContext,
  type PermissionRule,
  type ReconcileContext,
  type ReconcileResult,
} from '../runtime/define-controller.ts';
import { KnownNamespaces } from '../runtime/known-namespaces.ts';
import { formatSelector, matchesLabels } from '../runtime/label-selector.ts';
import { needsScale, planBudget } from './plan.ts';
import { scaleOfControllers } from './scale.ts';

/** Upstream's controller reads pods from caches that all controllers share, so its role does not name them. */
export const POD_READER: PermissionRule = { groups: [''], resources: ['pods'], verbs: ['list', 'watch'] };

/** Tells how many pods of each budget may be evicted. Upstream: pkg/controller/disruption. */
export function createDisruptionController(): Controller {
  const budgets = new KnownNamespaces(podDisruptionBudgets);
  return defineController({
    name: 'disruption-controller',
    watches: [
      {
        kind: podDisruptionBudgets,
        keys: (change) => {
          budgets.add(change.key.namespace);
          return keyOfObject(change);
        },
      },
      { kind: pods, keys: (change, context) => podKeys(change, context, budgets) },
    ],
    permissions: [
      POD_READER,
      { groups: ['policy'], resources: ['poddisruptionbudgets'], verbs: ['get', 'list', 'watch'] },
      { groups: ['policy'], resources: ['poddisruptionbudgets/status'], verbs: ['update'] },
      { groups: ['apps'], resources: ['deployments', 'replicasets', 'statefulsets'], verbs: ['get'] },
      { groups: [''], resources: ['replicationcontrollers'], verbs: ['get'] },
      { groups: ['*'], resources: ['*/scale'], verbs: ['get'] },
      { groups: [''], resources: ['events'], verbs: ['create', 'patch', 'update'] },
    ],
    reconcile,
  });
}

async function podKeys(
  { key, projection, old }: Change,
  context: KeyContext,
  budgets: KnownNamespaces<PodDisruptionBudget>,
): Promise<string[]> {
  if (!(await budgets.has(key.namespace, context))) return [];
  const all = await context.list<PodDisruptionBudget>(podDisruptionBudgets, key.namespace);
  return all
    .filter(({ spec }) => [projection, old].some((state) => state && matchesLabels(spec?.selector, state.labels)))
    .map(({ metadata }) => formatKey(key.namespace, metadata.name ?? ''));
}

async function reconcile(key: string, context: ReconcileContext): Promise<ReconcileResult | undefined> {
  const { client, clock } = context;
  const budget = await client.find<PodDisruptionBudget>(podDisruptionBudgets, parseKey(key));
  if (budget === undefined) return undefined;
  const { namespace = '' } = budget.metadata;
  const { selector } = budget.spec ?? {};
  const labelSelector = formatSelector(selector);
  const selected = selector ? (await client.list<Pod>(pods, { namespace, labelSelector })).items : [];
  const found = needsScale(budget)
    ? await scaleOfControllers(selected, namespace, context)
    : { scale: selected.length, unmanaged: [] };
  const event = { kind: podDisruptionBudgets, object: budget };
  if (selected.length === 0)
    context.event({ ...event, type: 'Normal', reason: 'NoPods', message: 'No matching pods found' });
  if (found.unmanaged.length > 0)
    context.event({ ...event, type: 'Warning', reason: 'UnmanagedPods', message: unmanagedMessage(found.unmanaged) });
  if (typeof found.scale !== 'number')
    context.event({
      ...event,
      type: 'Warning',
      reason: 'CalculateExpectedPodCountFailed',
      message: `Failed to calculate the number of expected pods: ${found.scale.failure}`,
    });
  const plan = planBudget({ budget, pods: selected, scale: found.scale, now: clock.now() });
  await applyOrThrow(plan, context);
  return plan.requeueAfter === undefined ? undefined : { requeueAfter: plan.requeueAfter };
}

const unmanagedMessage = (names: readonly string[]): string =>
  `Pods that no controller manages do not count for this budget: ${names.slice(0, 10).join(', ')}`;
