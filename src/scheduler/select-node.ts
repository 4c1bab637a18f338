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

export interface SelectOptions {
  plugins: readonly Plugin[];
  /** A number in [0, 1): chooses among equals, and where to begin in a large cluster. */
  pick: () => number;
}

/** Nodes that are always looked at, and the least share of a large cluster. */
const MIN_FEASIBLE = 100;
const MIN_SHARE = 5;

/** How many nodes that take a pod are enough to choose from. Upstream: numFeasibleNodesToFind. */
export function enoughNodes(total: number): number {
  const share = Math.max(MIN_SHARE, 50 - Math.floor(total / 125));
  return Math.min(total, Math.max(MIN_FEASIBLE, Math.floor((total * share) / 100)));
}

/** The best node for a pod, or why there is none. */
export function selectNode(pod: PodInfo, nodes: readonly NodeInfo[], options: SelectOptions): Fits | FitFailure {
  const refused = new Set<string>();
  const counts = new Map<string, number>();
  const feasible: NodeInfo[] = [];
  const enough = enoughNodes(nodes.length);
  const start = enough < nodes.length ? Math.floor(options.pick() * nodes.length) : 0;
  for (let i = 0; i < nodes.length && feasible.length < enough; i++) {
    const node = nodes[(start + i) % nodes.length] as NodeInfo;
    const rejection = firstRejection(pod, node, options.plugins);
    if (!rejection) feasible.push(node);
    else refused.add(rejection.plugin);
    for (const reason of rejection?.reasons ?? []) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
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
