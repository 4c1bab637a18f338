/**
 * The scheduler of one cluster. It holds nothing that cannot be read again: on the first call after waking it lists
 * nodes and pods, afterwards it follows the changes that storage delivers. Upstream: kube-scheduler.
 */
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { Client } from '../client/client.ts';
import { type Node, nodes as nodeKind, type Pod, pods as podKind } from '../kinds/index.ts';
import { StatusError } from '../machinery/status.ts';
import type { ClusterEvent, Plugin, PodInfo } from './framework.ts';
import { type Attempt, SchedulingQueue } from './queue.ts';
import { createReporter, type Reporter } from './report.ts';
import { selectNode } from './select-node.ts';
import { podInfoOf, Snapshot } from './snapshot.ts';
import { readUnplaced } from './unplaced.ts';

/** The part of a stored change that the scheduler reads. */
export interface SchedulerChange {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  key: { resource: string; namespace: string; name: string };
  projection: { uid: string; fields: Readonly<Record<string, string>>; deleting: boolean };
}

export interface SchedulerOptions {
  client: Client;
  clock: Clock;
  random: Random;
  plugins: readonly Plugin[];
  /** Name under which pods ask for this scheduler. */
  schedulerName: string;
  /** Writes an event about a pod; never throws. */
  event(pod: Pod, type: 'Normal' | 'Warning', reason: string, message: string): Promise<void>;
  /** Sets the one alarm, or clears it. */
  scheduleAlarm(at: number | null): Promise<void>;
  onError(message: string, error: unknown): void;
}

/** Bindings and reports of refused pods under way at the same time: storage commits what comes together at once. */
const MAX_PARALLEL = 64;
const FINISHED = new Set(['Succeeded', 'Failed']);
const UNFINISHED = 'status.phase!=Succeeded,status.phase!=Failed';

export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #queue: SchedulingQueue;
  readonly #report: Reporter;
  #snapshot = new Snapshot();
  #loading: Promise<void> | undefined;
  /** Set while a pass runs; a call during it makes the pass go round once more. */
  #running: Promise<void> | undefined;
  #again = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#queue = new SchedulingQueue(options.plugins);
    this.#report = createReporter(options);
  }

  /** Takes changes in, in order, and schedules what became possible; resolves when that is bound or waits. */
  async deliver(changes: readonly SchedulerChange[]): Promise<void> {
    const relevant = changes.filter(({ key }) => key.resource === 'pods' || key.resource === 'nodes');
    if (relevant.length === 0) return;
    // A list that begins now has all of them.
    const read = this.#loading === undefined;
    await this.#load();
    if (!read) await this.#take(relevant);
    await this.run();
  }

  /** Schedules all that is due; also what the alarm calls. */
  async run(): Promise<void> {
    if (this.#running) {
      this.#again = true;
      return this.#running;
    }
    this.#running = this.#passes();
    try {
      await this.#running;
    } finally {
      this.#running = undefined;
    }
    await this.#options.scheduleAlarm(this.#queue.nextDue() ?? null);
  }

  /** Resolves when the events of what was done have been written. */
  idle(): Promise<void> {
    return this.#report.idle();
  }

  /** Decisions follow each other at once, while bindings are written in the background. */
  async #passes(): Promise<void> {
    await this.#load();
    const writes = new Set<Promise<void>>();
    do {
      this.#again = false;
      for (;;) {
        const attempts = this.#queue.take(this.#options.clock.now(), MAX_PARALLEL - writes.size);
        if (attempts.length === 0 && writes.size === 0) break;
        for (const attempt of attempts) {
          const write = this.#schedule(attempt).finally(() => writes.delete(write));
          writes.add(write);
        }
        if (attempts.length === 0 || writes.size >= MAX_PARALLEL) await Promise.race(writes);
      }
    } while (this.#again);
  }

  #load(): Promise<void> {
    this.#loading ??= this.#list().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    return this.#loading;
  }

  async #list(): Promise<void> {
    const { client } = this.#options;
    const [nodes, pods] = await Promise.all([
      client.list(nodeKind),
      client.list(podKind, { fieldSelector: UNFINISHED }),
    ]);
    this.#snapshot = new Snapshot();
    for (const node of nodes.items) this.#snapshot.setNode(node);
    for (const pod of pods.items) this.#takePod(pod);
  }

  /** The last change of each object counts; what is not in the change is read. */
  async #take(changes: readonly SchedulerChange[]): Promise<void> {
    const latest = new Map(changes.map((change) => [`${change.key.resource}/${keyOf(change)}`, change]));
    const unplaced: SchedulerChange[] = [];
    const reads: Promise<void>[] = [];
    for (const change of latest.values()) {
      if (change.key.resource === 'nodes') reads.push(this.#takeNode(change));
      else if (change.type === 'DELETED' || FINISHED.has(change.projection.fields['status.phase'] ?? ''))
        this.#forget(keyOf(change));
      else if (!this.#isWhereItWas(change)) unplaced.push(change);
    }
    const { client, onError } = this.#options;
    const known = this.#snapshot.size + this.#queue.size;
    for await (const { key, pod } of readUnplaced(
      unplaced.map(({ key }) => key),
      { client, known, onError },
    )) {
      if (pod) this.#takePod(pod);
      else this.#forget(key);
    }
    await Promise.all(reads);
  }

  /** Whether a pod is placed and stays so, which changes nothing here: kubelets write its status often. */
  #isWhereItWas(change: SchedulerChange): boolean {
    const { uid, fields } = change.projection;
    const place = this.#snapshot.placeOf(keyOf(change));
    return place !== undefined && place.uid === uid && place.node === fields['spec.nodeName'];
  }

  async #takeNode({ type, key: { name } }: SchedulerChange): Promise<void> {
    const node = type === 'DELETED' ? undefined : await this.#options.client.find(nodeKind, { name });
    if (!node) {
      this.#snapshot.removeNode(name);
      return;
    }
    const old = this.#snapshot.node(name)?.node;
    this.#snapshot.setNode(node);
    if (!old) this.#happened('nodeAdded', name);
    else if (schedulingChanged(old, node)) this.#happened('nodeChanged', name);
  }

  #happened(event: ClusterEvent, nodeName: string): void {
    const node = this.#snapshot.node(nodeName);
    if (node) this.#queue.happened(event, node);
  }

  #takePod(pod: Pod): void {
    const key = `${pod.metadata.namespace}/${pod.metadata.name}`;
    const node = pod.spec?.nodeName;
    const known = this.#snapshot.placeOf(key);
    // Pods never leave a node: one that was bound since it was read, or is being bound.
    if (!node && known?.uid === pod.metadata.uid) return;
    if (known && known.uid !== pod.metadata.uid) this.#forget(key);
    if (FINISHED.has(pod.status?.phase ?? '')) {
      this.#forget(key);
    } else if (node) {
      this.#queue.remove(key);
      this.#snapshot.place(podInfoOf(pod), node);
    } else if (pod.metadata.deletionTimestamp || !this.#isOurs(pod)) {
      this.#queue.remove(key);
    } else {
      this.#queue.put(pod, this.#options.clock.now());
    }
  }

  #isOurs(pod: Pod): boolean {
    return (pod.spec?.schedulerName || 'default-scheduler') === this.#options.schedulerName;
  }

  #forget(key: string): void {
    this.#queue.remove(key);
    this.#leave(key);
  }

  #leave(key: string): void {
    const place = this.#snapshot.remove(key);
    if (place) this.#happened('podRemoved', place.node);
  }

  async #schedule({ info, attempts }: Attempt): Promise<void> {
    const { plugins, random, clock } = this.#options;
    const choice = selectNode(info, this.#snapshot.nodes, { plugins, pick: () => random.next() });
    if ('node' in choice) return this.#bind(info, choice.node.name);
    this.#queue.park(info.key, choice.plugins, clock.now());
    await this.#report.unschedulable(info.pod, choice.message, attempts);
  }

  /** Counts the pod on the node at once, so that the next decision sees it, and takes that back when binding fails. */
  async #bind(info: PodInfo, node: string): Promise<void> {
    const { client } = this.#options;
    const { namespace, name = '', uid } = info.pod.metadata;
    this.#snapshot.place(info, node);
    try {
      await client.createSubresource(podKind, { namespace, name }, 'binding', {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name, namespace, uid },
        target: { apiVersion: 'v1', kind: 'Node', name: node },
      });
    } catch (error) {
      return this.#bindingFailed(info, node, error);
    }
    if (this.#snapshot.placeOf(info.key)?.uid === uid) this.#queue.remove(info.key);
    this.#report.scheduled(info.pod, node);
  }

  /** A pod that is gone, that somebody else has bound, or that is another one by now is no failure. */
  async #bindingFailed(info: PodInfo, node: string, error: unknown): Promise<void> {
    const { client, clock, onError } = this.#options;
    const { namespace, name = '', uid } = info.pod.metadata;
    if (this.#snapshot.placeOf(info.key)?.uid === uid) this.#leave(info.key);
    if (error instanceof StatusError && (error.code === 404 || error.code === 409)) {
      const current = await client.find(podKind, { namespace, name }).catch(() => info.pod);
      if (current) this.#takePod(current);
      else this.#queue.remove(info.key);
      if (current?.metadata.uid !== uid || !this.#queue.has(info.key)) return;
    }
    this.#queue.retry(info.key, clock.now());
    onError(`binding ${info.key} to ${node}`, error);
  }
}

function keyOf({ key }: SchedulerChange): string {
  return `${key.namespace}/${key.name}`;
}

/** Whether a node changed in what plugins look at. */
function schedulingChanged(old: Node, node: Node): boolean {
  const view = (n: Node) =>
    JSON.stringify([n.spec?.unschedulable, n.spec?.taints, n.metadata.labels, n.status?.allocatable]);
  return view(old) !== view(node);
}
