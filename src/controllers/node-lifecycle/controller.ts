import { type Lease, leases, type Node, nodes, type Pod, pods } from '../../kinds/index.ts';
import { apiTime } from '../../machinery/time.ts';
import { applyOrThrow } from '../runtime/apply-plan.ts';
import type { Change } from '../runtime/change.ts';
import {
  type Controller,
  defineController,
  type ReconcileContext,
  type ReconcileResult,
} from '../runtime/define-controller.ts';
import { parseTime } from '../runtime/time.ts';
import { planEvictions } from './evictions.ts';
import { GRACE, planNode } from './plan.ts';
import { type Eviction, isDrivenOff, readyStatus } from './taints.ts';
import { evictionRate, zoneOf } from './zones.ts';

const LEASES = 'kube-node-lease';
/** After a restart of the control plane, agents have this long to connect again before they count as lost. */
const RECONNECT = 5_000;
/** Key suffix for a node whose tunnel has closed or opened. */
const TUNNEL = ' tunnel';

/** What is remembered between keys; losing it delays, but changes nothing. */
interface Memory {
  /** Nodes without a taint that drives pods off. */
  calm: Set<string>;
  /** Lost nodes, seen once. */
  suspects: Set<string>;
  /** When pods were last driven off a node, by zone. */
  evicted: Map<string, number>;
}

/**
 * Watches over nodes. Upstream: pkg/controller/nodelifecycle and tainteviction.
 *
 * A node with a tunnel is alive as long as the tunnel is, and the tunnel says when it closes, so a healthy cluster
 * needs no timer. From then on, and for nodes without a tunnel, the age of the last sign of life is looked at.
 */
export function createNodeLifecycleController(): Controller {
  const memory: Memory = { calm: new Set(), suspects: new Set(), evicted: new Map() };
  return defineController({
    name: 'node-lifecycle-controller',
    serviceAccount: 'node-controller',
    watches: [
      { kind: nodes, keys: ({ key, type }) => (type === 'DELETED' ? [] : [key.name]) },
      { kind: pods, keys: (change) => podKeys(change, memory) },
    ],
    permissions: [
      { groups: [''], resources: ['nodes'], verbs: ['get', 'list', 'patch', 'update', 'watch'] },
      { groups: [''], resources: ['nodes/status', 'pods/status'], verbs: ['patch', 'update'] },
      { groups: [''], resources: ['pods'], verbs: ['delete', 'get', 'list', 'watch'] },
      { groups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['list', 'watch'] },
      { groups: [''], resources: ['events'], verbs: ['create', 'patch', 'update'] },
    ],
    reconcile: (key, context) => reconcile(key, context, memory),
  });
}

/** The key by which the host tells that the tunnel of a node has closed or opened. */
export function tunnelKey(node: string): string {
  return node + TUNNEL;
}

/** Pods that were just bound to a node from which pods are driven off. */
function podKeys({ type, projection, old }: Change, { calm }: Memory): string[] {
  const node = projection.fields['spec.nodeName'] ?? '';
  if (type === 'DELETED' || node === '' || old?.fields['spec.nodeName'] === node) return [];
  return calm.has(node) ? [] : [node];
}

async function reconcile(key: string, context: ReconcileContext, memory: Memory): Promise<ReconcileResult | undefined> {
  const name = key.endsWith(TUNNEL) ? key.slice(0, -TUNNEL.length) : key;
  const node = await context.client.find<Node>(nodes, { name });
  if (node === undefined || node.metadata.deletionTimestamp) return undefined;
  if (key !== name) return noteTunnel(node, context);
  const now = context.clock.now();
  const seen = (await context.lastSeen([name])).get(name);
  const heartbeat = Math.max(seen ?? 0, writtenHeartbeat(node, await leaseTimes(context, name)));
  const lost = now - heartbeat >= GRACE;
  if (!lost) memory.suspects.delete(name);
  if (lost && isReady(node) && !memory.suspects.has(name)) {
    memory.suspects.add(name);
    return { requeueAfter: RECONNECT };
  }
  const wait = await new Watchman(context, memory).update(node, heartbeat);
  if (lost || seen !== undefined) return wait === undefined ? undefined : { requeueAfter: wait };
  return { requeueAfter: Math.max(1_000, Math.min(wait ?? GRACE, heartbeat + GRACE - now)) };
}

/** The time of loss is written down, since the age of the node counts from it: heartbeats themselves are not. */
async function noteTunnel(node: Node, context: ReconcileContext): Promise<ReconcileResult | undefined> {
  const { name = '' } = node.metadata;
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
  if ((await context.lastSeen([name])).has(name) || ready?.status !== 'True') return undefined;
  const lastHeartbeatTime = apiTime(context.clock.now());
  const patch = { status: { conditions: [{ ...ready, lastHeartbeatTime }] } };
  const patchType = 'strategic' as const;
  const write = { type: 'patch' as const, kind: nodes, object: node, patch, patchType, subresource: 'status' };
  await applyOrThrow({ steps: [{ writes: [write] }] }, context);
  // The write tells of itself only when it changed something, and its time is in whole seconds.
  context.enqueue(name);
  return undefined;
}

function isReady({ status }: Node): boolean {
  return readyStatus(status?.conditions) === 'True';
}

/** When leases were renewed, in milliseconds since the epoch, by node; of one node when it is named. */
async function leaseTimes({ client }: ReconcileContext, name?: string): Promise<ReadonlyMap<string, number>> {
  const fieldSelector = name === undefined ? undefined : `metadata.name=${name}`;
  const { items } = await client.list<Lease>(leases, { namespace: LEASES, fieldSelector });
  return new Map(items.map(({ metadata, spec }) => [metadata.name ?? '', parseTime(spec?.renewTime)]));
}

/** The last sign of life that was written: the lease, or the status; a node that never was heard of was created. */
function writtenHeartbeat({ metadata, status }: Node, renewed: ReadonlyMap<string, number>): number {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const times = [
    parseTime(ready?.lastHeartbeatTime),
    parseTime(metadata.creationTimestamp),
    renewed.get(metadata.name ?? ''),
  ];
  return Math.max(0, ...(times.filter((time) => time !== undefined && !Number.isNaN(time)) as number[]));
}

class Watchman {
  readonly #context: ReconcileContext;
  readonly #memory: Memory;

  constructor(context: ReconcileContext, memory: Memory) {
    this.#context = context;
    this.#memory = memory;
  }

  /** Writes what follows from the age of a node; gives the milliseconds until something else does. */
  async update(node: Node, heartbeat: number): Promise<number | undefined> {
    const { client, clock } = this.#context;
    const { calm } = this.#memory;
    const { name = '', uid } = node.metadata;
    const now = clock.now();
    const well = now - heartbeat < GRACE && isReady(node);
    const quiet = well && !node.spec?.taints?.some(({ effect }) => effect === 'NoExecute');
    if (quiet && !calm.has(name)) await this.#recheckOthers(name);
    if (quiet) calm.add(name);
    else calm.delete(name);
    const onNode = quiet ? [] : (await client.list<Pod>(pods, { fieldSelector: `spec.nodeName=${name}` })).items;
    const turn = well ? { eviction: 'keep' as const } : await this.#turnOf(node);
    const results = await applyOrThrow(
      planNode({ node, pods: onNode, heartbeat, eviction: turn.eviction, now }),
      this.#context,
    );
    const latest = (results.findLast((result) => result.metadata.uid === uid) ?? node) as Node;
    const evictions = planEvictions({ node: latest, pods: onNode, now });
    await applyOrThrow(evictions, this.#context);
    const waits = [turn.wait, evictions.requeueAfter].filter((wait) => wait !== undefined);
    return waits.length > 0 ? Math.min(...waits) : undefined;
  }

  /** A node that is well again may be what others waited for: while none was well, nobody was driven off. */
  async #recheckOthers(name: string): Promise<void> {
    const { items } = await this.#context.client.list<Node>(nodes);
    for (const other of items) {
      if (other.metadata.name !== name && !isReady(other) && !isDrivenOff(other)) {
        this.#context.enqueue(other.metadata.name ?? '');
      }
    }
  }

  /** Whether pods may be driven off a node that is not well now, at the rate that its zone allows. */
  async #turnOf(node: Node): Promise<{ eviction: Eviction; wait?: number }> {
    const { evicted } = this.#memory;
    const now = this.#context.clock.now();
    const { items } = await this.#context.client.list<Node>(nodes);
    const rate = evictionRate(node, items, await this.#wellNodes(node, items));
    if (rate === undefined) return { eviction: 'stop' };
    if (isDrivenOff(node)) return { eviction: 'keep' };
    if (rate === 0) return { eviction: 'keep', wait: GRACE };
    const zone = zoneOf(node);
    const wait = (evicted.get(zone) ?? Number.NEGATIVE_INFINITY) + 1000 / rate - now;
    if (wait > 0) return { eviction: 'keep', wait };
    evicted.set(zone, now);
    return { eviction: 'start' };
  }

  /** Judged by signs of life and not by what was written of them: of two nodes lost at once, one is written first. */
  async #wellNodes(sick: Node, all: readonly Node[]): Promise<(node: Node) => boolean> {
    const context = this.#context;
    const now = context.clock.now();
    const ready = all.filter((node) => isReady(node) && node.metadata.uid !== sick.metadata.uid);
    const seen = await context.lastSeen(ready.map(({ metadata }) => metadata.name ?? ''));
    const renewed = await leaseTimes(context);
    const well = new Set(
      ready
        .filter(
          (node) => now - Math.max(seen.get(node.metadata.name ?? '') ?? 0, writtenHeartbeat(node, renewed)) < GRACE,
        )
        .map(({ metadata }) => metadata.uid),
    );
    return ({ metadata }) => well.has(metadata.uid);
  }
}
