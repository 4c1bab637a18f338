import { type PersistentVolume, persistentVolumes } from '../../kinds/index.ts';
import { applyOrThrow } from '../runtime/apply-plan.ts';
import { defineController, type ReconcileContext } from '../runtime/define-controller.ts';
import { keysOfUnsettled, planProtection } from '../runtime/protection.ts';

const FINALIZER = 'kubernetes.io/pv-protection';

/** Lets volumes go that no claim is bound to. Upstream: pkg/controller/volume/pvprotection. */
export const pvProtectionController = defineController({
  name: 'pv-protection-controller',
  watches: [{ kind: persistentVolumes, keys: keysOfUnsettled(FINALIZER) }],
  permissions: [{ groups: [''], resources: ['persistentvolumes'], verbs: ['get', 'list', 'update', 'watch'] }],
  reconcile,
});

async function reconcile(name: string, context: ReconcileContext): Promise<undefined> {
  const object = await context.client.find<PersistentVolume>(persistentVolumes, { name });
  if (object === undefined) return;
  const used = object.status?.phase === 'Bound';
  await applyOrThrow(planProtection({ kind: persistentVolumes, object, finalizer: FINALIZER, used }), context);
}
