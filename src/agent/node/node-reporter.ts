/** Registers the Node and keeps its status and Lease. Upstream: kubelet_node_status.go, pkg/kubelet/nodelease. */
import { type Clock, delay } from '../../base/clock.ts';
import type { Client } from '../../client/index.ts';
import { leases, type Node, type NodeCondition, type NodeStatus, nodes } from '../../kinds/index.ts';
import { StatusError } from '../../machinery/status.ts';
import { apiMicroTime } from '../../machinery/time.ts';
import { type Log, messageOf } from '../log.ts';
import type { EventRecorder } from '../pods/event-recorder.ts';
import { nodeEvents, nodeReference } from './node-events.ts';
import { type NodeFactsInput, newNode, nodeLabels, nodeStatus } from './node-object.ts';

export interface NodeReporterOptions {
  client: Client;
  clock: Clock;
  log: Log;
  /** Asked for each report. */
  facts(): Promise<NodeFactsInput>;
  /** True while something else tells the control plane that the node lives: the Lease is left alone. */
  heartbeat?: () => boolean;
  events?: EventRecorder;
  signal: AbortSignal;
}

const LEASE_NAMESPACE = 'kube-node-lease';
const LEASE_SECONDS = 40;
const HEARTBEAT_MS = 10_000;
/** Facts are looked at this often; they are written on change, and every `REPORT_MS` anyway. */
const LOOK_MS = 10_000;
const REPORT_MS = 300_000;
const MAX_WAIT = 30_000;

/** A condition without its times, and the rest: what counts as change. */
function essence(status: NodeStatus): string {
  const conditions = (status.conditions ?? []).map(({ type, status: value, reason, message }: NodeCondition) => [
    type,
    value,
    reason,
    message,
  ]);
  return JSON.stringify({ ...status, conditions });
}

export class NodeReporter {
  readonly #options: NodeReporterOptions;
  #node: Node | undefined;
  #sent: { essence: string; at: number } | undefined;
  #lease: { resourceVersion?: string } | undefined;
  #wake: () => void = () => {};

  constructor(options: NodeReporterOptions) {
    this.#options = options;
  }

  get node(): Node | undefined {
    return this.#node;
  }

  /** Retries until the API has the Node. */
  async register(): Promise<Node> {
    const { client, clock, log, signal } = this.#options;
    for (let failures = 0; ; ) {
      try {
        const facts = await this.#options.facts();
        const fresh = newNode(facts, clock.now());
        const existing = await client.find(nodes, { name: facts.name });
        this.#node = existing === undefined ? await this.#create(fresh) : await this.#reconcile(existing, facts);
        if (existing === undefined && fresh.status) this.#tell(undefined, fresh.status);
        await this.report(existing === undefined);
        return this.#node;
      } catch (error) {
        signal.throwIfAborted();
        const wait = Math.min(MAX_WAIT, 200 * 2 ** Math.min(failures++, 8));
        log('warn', 'the node is not registered', { error: messageOf(error), wait });
        await delay(clock, wait, signal);
      }
    }
  }

  async #create(node: Node): Promise<Node> {
    const { client } = this.#options;
    try {
      return await client.create(nodes, node);
    } catch (error) {
      if (!(error instanceof StatusError) || error.code !== 409) throw error;
      return client.get(nodes, { name: node.metadata.name ?? '' });
    }
  }

  async #reconcile(node: Node, facts: NodeFactsInput): Promise<Node> {
    const labels = nodeLabels(facts);
    const same = Object.entries(labels).every(([key, value]) => node.metadata.labels?.[key] === value);
    if (same) return node;
    return this.#options.client.patch(nodes, { name: facts.name }, { metadata: { labels } }, { type: 'strategic' });
  }

  /** Writes the status when it changed or is old. `force` writes it anyway. */
  async report(force = false): Promise<void> {
    const { client, clock } = this.#options;
    const facts = await this.#options.facts();
    const before = this.#node?.status;
    const status = nodeStatus(facts, before, clock.now());
    const now = essence(status);
    const due = this.#sent === undefined || clock.now() - this.#sent.at >= REPORT_MS;
    if (!force && !due && this.#sent?.essence === now) return;
    const patch = { status: { ...status, addresses: status.addresses } };
    this.#node = await client.patch(nodes, { name: facts.name }, patch, { type: 'strategic', subresource: 'status' });
    this.#sent = { essence: now, at: clock.now() };
    this.#tell(before, status);
  }

  #tell(before: NodeStatus | undefined, after: NodeStatus): void {
    const name = this.#node?.metadata.name ?? '';
    for (const { reason, message } of nodeEvents(name, before, after))
      this.#options.events?.record(nodeReference(name), 'Normal', reason, message);
  }

  /** Looks at the facts at once, as after an image came or the network is ready. */
  poke(): void {
    this.#wake();
  }

  /** Reports and beats until the signal. */
  async run(): Promise<void> {
    await Promise.all([this.#reportLoop(), this.#heartbeatLoop()]);
  }

  async #reportLoop(): Promise<void> {
    const { clock, log, signal } = this.#options;
    while (!signal.aborted) {
      await this.report().catch(async (error) => {
        if (error instanceof StatusError && error.code === 404) await this.register().catch(() => {});
        else log('warn', 'the node status was not written', { error: messageOf(error) });
      });
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        delay(clock, LOOK_MS, signal).then(resolve, resolve);
      });
    }
  }

  async #heartbeatLoop(): Promise<void> {
    const { clock, log, signal } = this.#options;
    while (!signal.aborted) {
      // The Lease is written once even so: readers of it are told when the node was last heard of.
      if (this.#lease === undefined || this.#options.heartbeat?.() !== true) {
        await this.#renewLease().catch((error) => {
          this.#lease = undefined;
          log('warn', 'the lease was not renewed', { error: messageOf(error) });
        });
      }
      await delay(clock, HEARTBEAT_MS, signal).catch(() => {});
    }
  }

  async #renewLease(): Promise<void> {
    const { client, clock } = this.#options;
    const name = this.#node?.metadata.name ?? '';
    const renewTime = apiMicroTime(clock.now());
    const key = { namespace: LEASE_NAMESPACE, name };
    this.#lease ??= (await client.find(leases, key))?.metadata;
    if (this.#lease === undefined) {
      const uid = this.#node?.metadata.uid ?? '';
      const created = await client.create(leases, {
        metadata: { ...key, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid }] },
        spec: { holderIdentity: name, leaseDurationSeconds: LEASE_SECONDS, renewTime },
      });
      this.#lease = created.metadata;
      return;
    }
    await client.patch(leases, key, { spec: { holderIdentity: name, leaseDurationSeconds: LEASE_SECONDS, renewTime } });
  }
}
