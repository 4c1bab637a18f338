import { type Namespace, type NamespaceCondition, namespaces } from '../../kinds/index.ts';
import { apiTime } from '../../machinery/time.ts';
import type { Plan, Write } from '../runtime/apply-plan.ts';
import { sameJson } from '../runtime/canonical.ts';

/** What one round of deleting the content of a namespace found. */
export interface ContentReport {
  /** Objects left, by `pods` or `deployments.apps`. */
  remaining: ReadonlyMap<string, number>;
  /** Objects that wait for a finalizer, by its name. */
  finalizers: ReadonlyMap<string, number>;
  /** What could not be deleted or read. */
  failures: readonly string[];
}

export interface NamespaceInput {
  namespace: Namespace;
  report: ContentReport;
  now: number;
}

const FINALIZER = 'kubernetes';

/** Reports on the content that is left; when there is none, the namespace may go. Upstream: namespaced_resources_deleter.go. */
export function planNamespace({ namespace, report, now }: NamespaceInput): Plan {
  const conditions = conditionsOf(namespace, report, now);
  const status = { ...namespace.status, phase: 'Terminating', conditions };
  const writes: Write[] = [];
  if (!sameJson(namespace.status, status)) {
    writes.push({ type: 'update', kind: namespaces, object: { ...namespace, status }, subresource: 'status' });
  }
  const empty = report.remaining.size === 0 && report.failures.length === 0;
  const { finalizers = [] } = namespace.spec ?? {};
  if (!empty || !finalizers.includes(FINALIZER)) return { steps: [{ writes }] };
  // A status written before would only make this write a conflict.
  const spec = { ...namespace.spec, finalizers: finalizers.filter((name) => name !== FINALIZER) };
  const object = { ...namespace, spec };
  return { steps: [{ writes: [{ type: 'update', kind: namespaces, object, subresource: 'finalize' }] }] };
}

function conditionsOf(namespace: Namespace, report: ContentReport, now: number): NamespaceCondition[] {
  const { remaining, finalizers, failures } = report;
  const counts = [...remaining].sort().map(([resource, count]) => `${resource} has ${count} resource instances`);
  const waits = [...finalizers].sort().map(([name, count]) => `${name} in ${count} resource instances`);
  const failed = failures.length > 0;
  const wanted: NamespaceCondition[] = [
    {
      type: 'NamespaceDeletionDiscoveryFailure',
      status: 'False',
      reason: 'ResourcesDiscovered',
      message: 'All resources successfully discovered',
    },
    {
      type: 'NamespaceDeletionGroupVersionParsingFailure',
      status: 'False',
      reason: 'ParsedGroupVersions',
      message: 'All legacy kube types successfully parsed',
    },
    {
      type: 'NamespaceDeletionContentFailure',
      status: failed ? 'True' : 'False',
      reason: failed ? 'ContentDeletionFailed' : 'ContentDeleted',
      message: failed
        ? `Failed to delete all resource types, ${failures.length} remaining: ${failures.join(', ')}`
        : 'All content successfully deleted, may be waiting on finalization',
    },
    {
      type: 'NamespaceContentRemaining',
      status: counts.length > 0 ? 'True' : 'False',
      reason: counts.length > 0 ? 'SomeResourcesRemain' : 'ContentRemoved',
      message:
        counts.length > 0 ? `Some resources are remaining: ${counts.join(', ')}` : 'All content successfully removed',
    },
    {
      type: 'NamespaceFinalizersRemaining',
      status: waits.length > 0 ? 'True' : 'False',
      reason: waits.length > 0 ? 'SomeFinalizersRemain' : 'ContentHasNoFinalizers',
      message:
        waits.length > 0
          ? `Some content in the namespace has finalizers remaining: ${waits.join(', ')}`
          : 'All content-preserving finalizers finished',
    },
  ];
  return merge(namespace.status?.conditions ?? [], wanted, now);
}

function merge(
  old: readonly NamespaceCondition[],
  wanted: readonly NamespaceCondition[],
  now: number,
): NamespaceCondition[] {
  const others = old.filter(({ type }) => !wanted.some((condition) => condition.type === type));
  const merged = wanted.map((condition) => {
    const before = old.find(({ type }) => type === condition.type);
    const same = before?.status === condition.status && before.reason === condition.reason;
    const lastTransitionTime = same ? before.lastTransitionTime : apiTime(now);
    return { type: condition.type, status: condition.status, lastTransitionTime, ...rest(condition) };
  });
  return [...others, ...merged];
}

function rest({ reason, message }: NamespaceCondition) {
  return { reason, message };
}
