/** One scheduling decision over a snapshot. Upstream: scheduler schedulePod, FitError. */
import type { NodeInfo, Plugin, PodInfo, Rejection } from './framework.ts';

export interface Fits {
  node: NodeInfo;
}

export interface FitFailure {
  /** As it stands in the event and the pod's condition. */
  message: string;
  /** Names of the plugins that refused a node. */
  plugins: ReadonlySet<string>;
}

/** The best node for a pod, or why there is none. `pick` chooses among equals: a number in [0, 1). */
export function selectNode(
  pod: PodInfo,
  nodes: readonly NodeInfo[],
  options: { plugins: readonly Plugin[]; pick: () => number },
): Fits | FitFailure {
  const refused = new Set<string>();
  const counts = new Map<string, number>();
  const feasible = nodes.filter((node) => {
    const rejection = firstRejection(pod, node, options.plugins);
    if (!rejection) return true;
    refused.add(rejection.plugin);
    for (const reason of rejection.reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
    return false;
  });
  if (feasible.length === 0) return { message: failureMessage(nodes.length, counts), plugins: refused };
  if (feasible.length === 1) return { node: feasible[0] as NodeInfo };
  return { node: best(feasible, totalScores(pod, feasible, options.plugins), options.pick) };
}

function firstRejection(
  pod: PodInfo,
  node: NodeInfo,
  plugins: readonly Plugin[],
): (Rejection & { plugin: string }) | undefined {
  for (const plugin of plugins) {
    const rejection = plugin.filter?.(pod, node);
    if (rejection) return { ...rejection, plugin: plugin.name };
  }
  return undefined;
}

function failureMessage(total: number, counts: ReadonlyMap<string, number>): string {
  if (total === 0) return 'no nodes available to schedule pods';
  const reasons = [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
  return `0/${total} nodes are available: ${reasons.join(', ')}.`;
}

function totalScores(pod: PodInfo, nodes: readonly NodeInfo[], plugins: readonly Plugin[]): number[] {
  const totals = nodes.map(() => 0);
  for (const plugin of plugins) {
    const { score } = plugin;
    if (!score) continue;
    const scores = nodes.map((node) => score(pod, node));
    plugin.normalize?.(scores);
    for (let i = 0; i < totals.length; i++)
      totals[i] = (totals[i] as number) + (scores[i] as number) * (plugin.weight ?? 1);
  }
  return totals;
}

function best(nodes: readonly NodeInfo[], scores: readonly number[], pick: () => number): NodeInfo {
  const maximum = Math.max(...scores);
  const top = nodes.filter((_, index) => scores[index] === maximum);
  return top[Math.floor(pick() * top.length)] as NodeInfo;
}
