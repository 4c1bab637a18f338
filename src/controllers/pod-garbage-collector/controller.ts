import { type Node, nodes, type Pod, pods } from '../../kinds/index.ts';
import { applyOrThrow } from '../runtime/apply-plan.ts';
import { type Change, formatKey, parseKey } from '../runtime/change.ts';
import {
  type Controller,
  defineController,
  type ReconcileContext,
  type ReconcileResult,
} from '../runtime/define-controller.ts';
import { isOutOfService, planFinished, planOrphaned, planTerminating, planUnscheduled } from './plan.ts';

/** How long a node must be missing before its pods are taken for lost, in milliseconds. */
const QUARANTINE = 40_000;
/** Finished pods are counted after so many more have finished. */
const COUNT_EVERY = 500;
const FINISHED = 'finished';

/** What is remembered between keys; losing it only costs a look. */
interface Memory {
  existing: Set<string>;
  /** Nodes whose terminating pods nobody ends. */
  outOfService: Set<string>;
  /** When a node was first found missing. */
  missing: Map<string, number>;
  finished: number;
}

/** Removes pods that nobody else ends. Upstream: pkg/controller/podgc. */
export function createPodGarbageCollector(): Controller {
  const memory: Memory = { existing: new Set(), outOfService: new Set(), missing: new Map(), finished: 0 };
  return defineController({
    name: 'pod-garbage-collector-controller',
    serviceAccount: 'pod-garbage-collector',
    watches: [
      { kind: pods, keys: (change) => podKeys(change, memory) },
      { kind: nodes, keys: (change) => nodeKeys(change, memory) },
    ],
    permissions: [
      { groups: [''], resources: ['pods'], verbs: ['delete', 'list', 'watch'] },
      { groups: [''], resources: ['pods/status'], verbs: ['patch'] },
      { groups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch'] },
    ],
    concurrency: 2,
    reconcile: (key, context) => reconcile(key, context, memory),
  });
}

function nodeKeys({ key, type }: Change, memory: Memory): string[] {
  if (type !== 'DELETED') {
    memory.existing.add(key.name);
    memory.missing.delete(key.name);
  } else memory.existing.delete(key.name);
  return [`node ${key.name}`];
}

function podKeys({ key, type, projection, old }: Change, memory: Memory): string[] {
  if (type === 'DELETED') return [];
  const keys: string[] = [];
  const node = projection.fields['spec.nodeName'] ?? '';
  const phase = projection.fields['status.phase'];
  if (projection.deleting && node === '') keys.push(`pod ${formatKey(key.namespace, key.name)}`);
  const isNew = node !== '' && old?.fields['spec.nodeName'] !== node && !memory.existing.has(node);
  if (isNew || (projection.deleting && memory.outOfService.has(node))) keys.push(`node ${node}`);
  if ((phase === 'Succeeded' || phase === 'Failed') && old?.fields['status.phase'] !== phase) {
    if (memory.finished++ % COUNT_EVERY === 0) keys.push(FINISHED);
  }
  return keys;
}

async function reconcile(key: string, context: ReconcileContext, memory: Memory): Promise<ReconcileResult | undefined> {
  const { client } = context;
  if (key === FINISHED) {
    const { items } = await client.list<Pod>(pods);
    await applyOrThrow(planFinished(items), context);
    return undefined;
  }
  const [what, rest = ''] = key.split(' ');
  if (what === 'node') return collectNode(rest, context, memory);
  const { namespace, name } = parseKey(rest);
  const { items } = await client.list<Pod>(pods, { namespace, fieldSelector: `metadata.name=${name}` });
  await applyOrThrow(planUnscheduled(items[0]), context);
  return undefined;
}

async function collectNode(
  name: string,
  context: ReconcileContext,
  memory: Memory,
): Promise<ReconcileResult | undefined> {
  const { client, clock } = context;
  const { existing, missing, outOfService } = memory;
  const node = await client.find<Node>(nodes, { name });
  outOfService.delete(name);
  if (node) {
    existing.add(name);
    missing.delete(name);
    if (!isOutOfService(node)) return undefined;
    outOfService.add(name);
  }
  const { items } = await client.list<Pod>(pods, { fieldSelector: `spec.nodeName=${name}` });
  if (node) {
    await applyOrThrow(planTerminating(items), context);
    return undefined;
  }
  if (items.length === 0) {
    missing.delete(name);
    return undefined;
  }
  const since = missing.get(name) ?? clock.now();
  missing.set(name, since);
  const left = since + QUARANTINE - clock.now();
  if (left > 0) return { requeueAfter: left };
  await applyOrThrow(planOrphaned(items, clock.now()), context);
  missing.delete(name);
  return undefined;
}
