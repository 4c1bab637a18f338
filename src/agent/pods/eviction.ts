/** Ends pods when memory runs out, so that the kernel need not choose. Upstream: pkg/kubelet/eviction. */
import { type Clock, delay } from '../../base/clock.ts';
import type { Pod } from '../../kinds/index.ts';
import { parseQuantity } from '../../machinery/quantity.ts';
import { type Log, messageOf } from '../log.ts';
import type { ContainerRuntime, ContainerStats } from '../runtime/contract.ts';
import { POD_UID } from './labels.ts';
import type { PodSet } from './pod-set.ts';

const INTERVAL = 10_000;
/** Pods of this priority are left alone. Upstream: SystemCriticalPriority. */
const CRITICAL = 2_000_000_000;

export interface MemoryUse {
  pod: Pod;
  /** Bytes. */
  usage: number;
}

const requestOf = (pod: Pod): number =>
  (pod.spec?.containers ?? []).reduce((sum, { resources }) => {
    const text = resources?.requests?.memory;
    return text === undefined ? sum : sum + parseQuantity(text).value();
  }, 0);

/** Who goes first: over its request, then of lower priority, then the furthest over its request. */
export function rankForMemory(uses: readonly MemoryUse[]): MemoryUse[] {
  const over = ({ pod, usage }: MemoryUse): number => usage - requestOf(pod);
  return uses
    .filter(({ pod }) => (pod.spec?.priority ?? 0) < CRITICAL)
    .sort(
      (a, b) =>
        Number(over(b) > 0) - Number(over(a) > 0) ||
        (a.pod.spec?.priority ?? 0) - (b.pod.spec?.priority ?? 0) ||
        over(b) - over(a),
    );
}

export interface EvictionOptions {
  runtime: ContainerRuntime;
  pods: PodSet;
  clock: Clock;
  log: Log;
  /** Bytes available, where they are too few; undefined otherwise. */
  shortage(): Promise<number | undefined>;
  /** Bytes that should be available. */
  threshold: number;
  signal: AbortSignal;
}

const kibi = (bytes: number): string => `${Math.floor(bytes / 1024)}Ki`;

/** One pod at a time, and a look at the memory before the next; until the signal. */
export async function runEviction(options: EvictionOptions): Promise<void> {
  const { clock, log, signal } = options;
  for (;;) {
    await delay(clock, INTERVAL, signal).catch(() => {});
    if (signal.aborted) return;
    await evictOne(options).catch((error) => log('warn', 'no pod was evicted', { error: messageOf(error) }));
  }
}

async function evictOne({ runtime, pods, shortage, threshold, log }: EvictionOptions): Promise<void> {
  const available = await shortage();
  if (available === undefined) return;
  const stats = await runtime.containerStats();
  const workers = [...pods].filter((worker) => !worker.isOver);
  const uses = workers.map(({ pod }) => ({ pod, usage: usageOf(pod, stats) }));
  const [first] = rankForMemory(uses);
  if (first === undefined) return;
  const message = `The node was low on resource: memory. Threshold quantity: ${kibi(threshold)}, available: ${kibi(available)}. ${blame(first, stats)}`;
  log('warn', 'a pod is evicted', { pod: first.pod.metadata.name, message });
  workers.find(({ pod }) => pod === first.pod)?.evict(message.trim());
}

const statsOf = (pod: Pod, stats: readonly ContainerStats[]): ContainerStats[] =>
  stats.filter(({ labels }) => labels[POD_UID] === pod.metadata.uid);

const usageOf = (pod: Pod, stats: readonly ContainerStats[]): number =>
  statsOf(pod, stats).reduce((sum, { workingSetBytes }) => sum + workingSetBytes, 0);

/** Which containers used more than they asked for. */
function blame({ pod }: MemoryUse, stats: readonly ContainerStats[]): string {
  const sentences = statsOf(pod, stats).flatMap(({ name, workingSetBytes }) => {
    const request = pod.spec?.containers?.find((container) => container.name === name)?.resources?.requests?.memory;
    if (request !== undefined && workingSetBytes <= parseQuantity(request).value()) return [];
    return [
      `Container ${name} was using ${kibi(workingSetBytes)}, request is ${request ?? '0'}, has larger consumption of memory. `,
    ];
  });
  return sentences.join('');
}
