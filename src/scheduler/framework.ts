/**
 * The extension points of scheduling. A plugin is one file in plugins/ and one line in its ordered list.
 * Upstream: kube-scheduler framework interface.
 */
import type { Node, Pod } from '../kinds/index.ts';
import type { Resources } from './resources.ts';

/** A pod with what plugins ask of it again and again. */
export interface PodInfo {
  readonly key: string;
  readonly pod: Pod;
  readonly requests: Resources;
  readonly nonZeroRequests: Resources;
  readonly priority: number;
  readonly hostPorts: readonly HostPort[];
}

export interface HostPort {
  protocol: string;
  ip: string;
  port: number;
}

/** A node with the sum of what is placed on it. */
export interface NodeInfo {
  readonly name: string;
  readonly node: Node;
  readonly allocatable: Resources;
  readonly requested: Resources;
  readonly nonZeroRequested: Resources;
  readonly pods: ReadonlyMap<string, PodInfo>;
}

/** Why a node does not take a pod. `unresolvable`: nothing that leaves the node could change it. */
export interface Rejection {
  reasons: string[];
  unresolvable?: boolean;
}

/** What happened in the cluster, as far as it can make a waiting pod schedulable. */
export type ClusterEvent = 'nodeAdded' | 'nodeChanged' | 'podRemoved' | 'podChanged';

export interface Plugin {
  readonly name: string;
  /**
   * Events after which a pod that this plugin refused is worth another try: those of a node only if `filter` takes the
   * pod there now.
   */
  readonly events: readonly ClusterEvent[];
  /** Before a pod enters the active queue: a reason to keep it out. */
  preEnqueue?(pod: Pod): string | undefined;
  /** Whether a node can take the pod. */
  filter?(pod: PodInfo, node: NodeInfo): Rejection | undefined;
  /** How good a node is; any scale, made comparable by `normalize`. */
  score?(pod: PodInfo, node: NodeInfo): number;
  /** Brings raw scores to 0…100 in place; absent when `score` gives that already. */
  normalize?(scores: number[]): void;
  readonly weight?: number;
}

export const MAX_SCORE = 100;

/** Scales so that the highest raw score becomes 100; `reverse` makes the lowest raw score the best. */
export function normalizeByMaximum(scores: number[], reverse: boolean): void {
  const maximum = Math.max(0, ...scores);
  for (let i = 0; i < scores.length; i++) {
    const scaled = maximum === 0 ? 0 : Math.floor((MAX_SCORE * (scores[i] as number)) / maximum);
    scores[i] = reverse ? MAX_SCORE - scaled : scaled;
  }
}
