import type { Client } from '../../client/client.ts';
import type { Pod } from '../../kinds/index.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { StatusError } from '../../machinery/status.ts';
import { applyPlan, type Write } from '../runtime/apply-plan.ts';
import type { ServedKind } from '../runtime/define-controller.ts';
import type { ContentReport } from './plan.ts';

export interface ContentRound extends ContentReport {
  /** Seconds that the longest running graceful deletion of a pod may still take. */
  grace: number;
}

/**
 * Deletes what is in a namespace: pods first, because they may need the rest to shut down, and the rest only when no
 * pod is left. Upstream: deleteAllContent with OrderedNamespaceDeletion.
 */
export async function deleteContent(
  client: Client,
  kinds: readonly ServedKind[],
  namespace: string,
): Promise<ContentRound> {
  const round = {
    remaining: new Map<string, number>(),
    finalizers: new Map<string, number>(),
    failures: [] as string[],
    grace: 0,
  };
  const deletable = kinds.filter(
    ({ namespaced, verbs }) => namespaced && verbs.includes('delete') && verbs.includes('list'),
  );
  const pods = deletable.filter(({ storedAs }) => storedAs === 'pods');
  await Promise.all(pods.map((kind) => deleteKind({ client, kind, namespace }, round)));
  if (round.remaining.size > 0 || round.failures.length > 0) return round;
  await Promise.all(
    deletable.filter((kind) => !pods.includes(kind)).map((kind) => deleteKind({ client, kind, namespace }, round)),
  );
  return round;
}

interface KindInNamespace {
  client: Client;
  kind: ServedKind;
  namespace: string;
}

async function deleteKind(
  { client, kind, namespace }: KindInNamespace,
  round: { remaining: Map<string, number>; finalizers: Map<string, number>; failures: string[]; grace: number },
): Promise<void> {
  try {
    const { items } = await client.list<KubeObject>(kind, { namespace });
    const writes = items
      .filter(({ metadata }) => !metadata.deletionTimestamp)
      .map((object): Write => ({ type: 'delete', kind, object, options: { propagationPolicy: 'Background' } }));
    if (items.length === 0) return;
    const { error } = await applyPlan({ steps: [{ writes }] }, { client, event: () => {} });
    if (error) round.failures.push(`${kind.storedAs}: ${error.message}`);
    const left = writes.length > 0 ? (await client.list<KubeObject>(kind, { namespace })).items : items;
    if (left.length === 0) return;
    round.remaining.set(kind.storedAs, left.length);
    for (const object of left) countLeft(object, round);
  } catch (error) {
    // The kind was removed meanwhile, and its objects with it.
    if (error instanceof StatusError && error.code === 404) return;
    round.failures.push(`${kind.storedAs}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function countLeft(object: KubeObject, round: { finalizers: Map<string, number>; grace: number }): void {
  for (const name of object.metadata.finalizers ?? [])
    round.finalizers.set(name, (round.finalizers.get(name) ?? 0) + 1);
  const grace = Number((object as Pod).metadata.deletionGracePeriodSeconds ?? 0);
  round.grace = Math.max(round.grace, grace);
}
