/**
 * Leases of nodes as the control plane knows better: a node with a tunnel is alive as long as its tunnel is, and writes
 * no heartbeats. What is read of its Lease says when it was last heard of; the row stays as it is. There is no such
 * thing upstream, where kubelets renew their leases every ten seconds.
 */
import type { Clock } from '../base/clock.ts';
import type { KubeObject } from '../machinery/meta.ts';
import { apiMicroTime } from '../machinery/time.ts';
import type { NodeConnector, ReadHook } from './contract.ts';

const NAMESPACE = 'kube-node-lease';
/** Milliseconds for which a node is not asked for again. */
const REMEMBERED_MS = 5_000;
/** Longer lists are answered as they are stored. */
const MAX_NODES = 1_000;

interface Lease extends KubeObject {
  spec?: { renewTime?: string | null };
}

interface Sign {
  askedAt: number;
  seen: number | undefined;
}

export function createNodeLeases({ nodes, clock }: { nodes: NodeConnector; clock: Clock }): ReadHook {
  // Results and no promises: in a Worker, a promise of another request dies with that request.
  const known = new Map<string, Sign>();

  const ask = async (names: readonly string[]): Promise<void> => {
    const askedAt = clock.now();
    const stale = names.filter(
      (name) => askedAt - (known.get(name)?.askedAt ?? Number.NEGATIVE_INFINITY) >= REMEMBERED_MS,
    );
    if (stale.length === 0) return;
    const seen = await nodes.lastSeen(stale);
    if (known.size + stale.length > MAX_NODES * 2) known.clear();
    for (const name of stale) known.set(name, { askedAt, seen: seen.get(name) });
  };

  return {
    covers: (namespace) => namespace === '' || namespace === NAMESPACE,
    async overlay(objects) {
      const leases = objects.filter(({ metadata }) => metadata.namespace === NAMESPACE) as Lease[];
      if (leases.length === 0 || leases.length > MAX_NODES) return;
      await ask(leases.map(({ metadata }) => metadata.name ?? ''));
      for (const { metadata, spec } of leases) {
        const seen = known.get(metadata.name ?? '')?.seen;
        if (spec && seen !== undefined && seen > Date.parse(spec.renewTime ?? '1970-01-01'))
          spec.renewTime = apiMicroTime(seen);
      }
    },
  };
}
