import type { LabelSelector } from '../../kinds/index.ts';
import type { KindRef } from '../../machinery/kind.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { applyOrThrow } from './apply-plan.ts';
import { planClaim } from './claim.ts';
import type { ReconcileContext } from './define-controller.ts';
import type { Inspected } from './inspected.ts';
import { matchesLabels } from './label-selector.ts';

export interface ClaimQuery<T extends KubeObject> {
  owner: KubeObject;
  ownerKind: KindRef;
  /** What it owns. */
  kind: KindRef<T>;
  selector: LabelSelector | null | undefined;
}

/** What `owner` controls of what it selects; adopts and releases on the way. */
export async function claimSelected<T extends KubeObject>(
  { owner, ownerKind, kind, selector }: ClaimQuery<T>,
  context: ReconcileContext,
  inspected: Inspected,
): Promise<T[]> {
  const candidates = await inspected.candidates({ owner, kind, selector }, context);
  const matches = (candidate: T): boolean => matchesLabels(selector, candidate.metadata.labels);
  const { owned, writes } = planClaim({ owner, ownerKind, kind, candidates, matches });
  await applyOrThrow({ steps: [{ writes }] }, context);
  inspected.claimed(owner);
  return owned;
}
