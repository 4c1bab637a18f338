/** What a stricter policy of a namespace means for the pods it has. Upstream: EvaluatePodsInNamespace. */
import type { Pod } from '../../../kinds/index.ts';
import type { AdmissionContext } from '../../contract.ts';
import { type LevelVersion, show, violationsOf } from './policy.ts';

/** Pods that are looked at. */
const MAX_PODS = 3_000;

/** Pods of the same fault: the first by name stands for them. */
interface Group {
  name: string;
  count: number;
}

/** Warnings about existing pods of `namespace` that violate `enforce`; `isExempt` leaves some out. */
export async function existingPodWarnings(
  context: AdmissionContext,
  { namespace, enforce, isExempt }: { namespace: string; enforce: LevelVersion; isExempt(pod: Pod): boolean },
): Promise<string[]> {
  const answer = await context.store.shardOf('pods').list({ resource: 'pods', namespace });
  if (!answer.ok) return ['failed to list pods while checking new PodSecurity enforce level'];
  const all = (JSON.parse(`[${answer.text}]`) as Pod[]).filter((pod) => !isExempt(pod));
  const checked = onePerControllerFirst(all).slice(0, MAX_PODS);
  const groups = new Map<string, Group>();
  for (const pod of checked) {
    const violations = violationsOf(enforce, pod.metadata, pod.spec ?? {});
    if (violations.length > 0)
      addTo(groups, violations.map(({ reason }) => reason).join(', '), pod.metadata.name ?? '');
  }
  const warnings: string[] = [];
  if (checked.length < all.length)
    warnings.push(
      `new PodSecurity enforce level only checked against the first ${checked.length} of ${all.length} existing pods`,
    );
  if (groups.size > 0)
    warnings.push(
      `existing pods in namespace ${JSON.stringify(namespace)} violate the new PodSecurity enforce level ${JSON.stringify(show(enforce))}`,
    );
  return [...warnings, ...[...groups].map(([reasons, group]) => `${named(group)}: ${reasons}`).sort()];
}

/** Pods of one controller are alike, so those of other controllers are looked at before its second one. */
function onePerControllerFirst(pods: readonly Pod[]): Pod[] {
  const seen = new Set<string>();
  const first: Pod[] = [];
  const rest: Pod[] = [];
  for (const pod of pods) {
    const controller = pod.metadata.ownerReferences?.find((owner) => owner.controller)?.uid;
    if (controller !== undefined && seen.has(controller)) rest.push(pod);
    else first.push(pod);
    if (controller !== undefined) seen.add(controller);
  }
  return [...first, ...rest];
}

function addTo(groups: Map<string, Group>, reasons: string, name: string): void {
  const group = groups.get(reasons);
  if (!group) {
    groups.set(reasons, { name, count: 1 });
    return;
  }
  group.count += 1;
  if (name < group.name) group.name = name;
}

function named({ name, count }: Group): string {
  if (count === 1) return name;
  return `${name} (and ${count - 1} other ${count === 2 ? 'pod' : 'pods'})`;
}
