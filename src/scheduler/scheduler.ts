/**
 * The scheduler of one cluster. It holds nothing that cannot be read again: on the first call after waking it lists
 * nodes and pods, afterwards it follows the changes that storage delivers. Upstream: kube-scheduler.
 */
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { Client } from '../client/client.ts';
import { type Node, nodes as nodeKind, type Pod, pods as podKind } from '../kinds/index.ts';
import { StatusError } from '../machinery/status.ts';
import type { Plugin, PodInfo } from './framework.ts';
import { SchedulingQueue } from './queue.ts';
import { selectNode } from './select-node.ts';
import { podInfoOf, Snapshot } from './snapshot.ts';

/** The part of a stored change that the scheduler reads. */
export interface SchedulerChange {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  key: { resource: string; namespace: string; name: string };
  projection: { fields: Readonly<Record<string, string>>; deleting: boolean };
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

/** Pods decided on before their bindings are written together. */
const BATCH = 64;
const FINISHED = new Set(['Succeeded', 'Failed']);

export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #queue: SchedulingQueue;
  #snapshot = new Snapshot();
  #loaded = false;
  /** Set while a pass runs; a call during it makes the pass go round once more. */
  #running: Promise<void> | undefined;
  #again = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#queue = new SchedulingQueue(options.plugins);
  }

  /** Takes changes in, in order, and schedules what became possible. */
  async deliver(changes: readonly SchedulerChange[]): Promise<void> {
    const relevant = changes.filter((change) => change.key.resource === 'pods' || change.key.resource === 'nodes');
    if (relevant.length === 0) return;
    if (await this.#load()) {
      const latest = new Map(
        relevant.map((change) => [`${change.key.resource}/${change.key.namespace}/${change.key.name}`, change]),
      );
      await Promise.all([...latest.values()].map((change) => this.#take(change)));
    }
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

  async #passes(): Promise<void> {
    await this.#load();
    do {
      this.#again = false;
      for (;;) {
        const due = this.#queue.due(this.#options.clock.now(), BATCH);
        if (due.length === 0) break;
        await Promise.all(due.map((item) => this.#schedule(item.pod)));
      }
    } while (this.#again);
  }

  /** Returns whether the view had been loaded before, so that changes have still to be taken in. */
  async #load(): Promise<boolean> {
    if (this.#loaded) return true;
    const { client } = this.#options;
    const [nodes, pods] = await Promise.all([client.list(nodeKind), client.list(podKind)]);
    this.#snapshot = new Snapshot();
    for (const node of nodes.items) this.#snapshot.setNode(node);
    for (const pod of pods.items) this.#takePod(pod);
    this.#loaded = true;
    return false;
  }

  async #take(change: SchedulerChange): Promise<void> {
    if (change.key.resource === 'nodes') return this.#takeNodeChange(change);
    const key = `${change.key.namespace}/${change.key.name}`;
    const { fields } = change.projection;
    if (change.type === 'DELETED' || FINISHED.has(fields['status.phase'] ?? '')) {
      this.#forget(key);
      return;
    }
    // A placed pod that stays where it is changes nothing here: kubelets write its status often.
    if (fields['spec.nodeName'] && this.#snapshot.placeOf(key) === fields['spec.nodeName']) return;
    const pod = await this.#options.client.find(podKind, { namespace: change.key.namespace, name: change.key.name });
    if (pod) this.#takePod(pod);
    else this.#forget(key);
  }

  async #takeNodeChange(change: SchedulerChange): Promise<void> {
    const node =
      change.type === 'DELETED' ? undefined : await this.#options.client.find(nodeKind, { name: change.key.name });
    if (!node) {
      this.#snapshot.removeNode(change.key.name);
      return;
    }
    const old = this.#snapshot.node(change.key.name)?.node;
    this.#snapshot.setNode(node);
    if (!old) this.#queue.happened('nodeAdded');
    else if (schedulingChanged(old, node)) this.#queue.happened('nodeChanged');
  }

  #takePod(pod: Pod): void {
    const key = `${pod.metadata.namespace}/${pod.metadata.name}`;
    if (FINISHED.has(pod.status?.phase ?? '')) {
      this.#forget(key);
      return;
    }
    const place = pod.spec?.nodeName;
    if (place) {
      this.#queue.remove(key);
      this.#snapshot.place(podInfoOf(pod), place);
    } else if (
      pod.metadata.deletionTimestamp ||
      (pod.spec?.schedulerName || 'default-scheduler') !== this.#options.schedulerName
    ) {
      this.#queue.remove(key);
    } else {
      this.#queue.put(key, pod, this.#options.clock.now());
    }
  }

  #forget(key: string): void {
    this.#queue.remove(key);
    if (this.#snapshot.remove(key)) this.#queue.happened('podRemoved');
  }

  async #schedule(pod: Pod): Promise<void> {
    const { plugins, random } = this.#options;
    const info = podInfoOf(pod);
    const choice = selectNode(info, this.#snapshot.nodes, { plugins, pick: () => random.next() });
    if ('node' in choice) return this.#bind(info, choice.node.name);
    this.#queue.park(info.key, choice.plugins, this.#options.clock.now());
    await Promise.all([
      this.#options.event(pod, 'Warning', 'FailedScheduling', choice.message),
      this.#markUnschedulable(pod, choice.message),
    ]);
  }

  /** Counts the pod on the node at once, so that the next decision sees it, and takes that back when binding fails. */
  async #bind(info: PodInfo, node: string): Promise<void> {
    const { client, clock } = this.#options;
    const { namespace, name, uid } = info.pod.metadata;
    this.#snapshot.place(info, node);
    this.#queue.remove(info.key);
    try {
      await client.createSubresource(podKind, { namespace, name: name as string }, 'binding', {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name, namespace, uid },
        target: { apiVersion: 'v1', kind: 'Node', name: node },
      });
    } catch (error) {
      this.#snapshot.remove(info.key);
      const gone = error instanceof StatusError && (error.code === 404 || error.code === 409);
      const current = gone
        ? await client.find(podKind, { namespace, name: name as string }).catch(() => undefined)
        : info.pod;
      if (current) this.#takePod(current);
      if (!this.#queue.has(info.key)) return;
      this.#queue.retry(info.key, clock.now());
      this.#options.onError(`binding ${info.key} to ${node}`, error);
      return;
    }
    await this.#options.event(info.pod, 'Normal', 'Scheduled', `Successfully assigned ${info.key} to ${node}`);
  }

  async #markUnschedulable(pod: Pod, message: string): Promise<void> {
    const { client, clock, onError } = this.#options;
    const known = pod.status?.conditions?.find((condition) => condition.type === 'PodScheduled');
    if (known?.status === 'False' && known.reason === 'Unschedulable' && known.message === message) return;
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message,
      lastTransitionTime:
        known?.status === 'False'
          ? known.lastTransitionTime
          : new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z'),
    };
    const { namespace, name } = pod.metadata;
    try {
      await client.patch(
        podKind,
        { namespace, name: name as string },
        { status: { conditions: [condition] } },
        { type: 'strategic', subresource: 'status' },
      );
    } catch (error) {
      if (!(error instanceof StatusError && error.code === 404)) onError(`status of ${namespace}/${name}`, error);
    }
  }
}

/** Whether a node changed in what plugins look at. */
function schedulingChanged(old: Node, node: Node): boolean {
  const view = (n: Node) =>
    JSON.stringify([n.spec?.unschedulable, n.spec?.taints, n.metadata.labels, n.status?.allocatable]);
  return view(old) !== view(node);
}
