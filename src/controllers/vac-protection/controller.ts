import {
  type PersistentVolume,
  type PersistentVolumeClaim,
  persistentVolumeClaims,
  persistentVolumes,
  type VolumeAttributesClass,
  volumeAttributesClasses,
} from '../../kinds/index.ts';
import { applyOrThrow } from '../runtime/apply-plan.ts';
import type { Change } from '../runtime/change.ts';
import { defineController, type KeyContext, type ReconcileContext } from '../runtime/define-controller.ts';
import { keysOfUnsettled, planProtection } from '../runtime/protection.ts';

const FINALIZER = 'kubernetes.io/vac-protection';

/** Lets classes of volume attributes go that no volume or claim names. Upstream: pkg/controller/volume/vacprotection. */
export const vacProtectionController = defineController({
  name: 'volumeattributesclass-protection-controller',
  watches: [
    { kind: volumeAttributesClasses, keys: keysOfUnsettled(FINALIZER) },
    { kind: persistentVolumes, keys: goingClasses },
    { kind: persistentVolumeClaims, keys: goingClasses },
  ],
  permissions: [
    { groups: [''], resources: ['persistentvolumeclaims', 'persistentvolumes'], verbs: ['get', 'list', 'watch'] },
    { groups: ['storage.k8s.io'], resources: ['volumeattributesclasses'], verbs: ['get', 'list', 'update', 'watch'] },
  ],
  reconcile,
});

/** The classes that may wait for a volume or claim to name another one or go; there are few classes. */
async function goingClasses(change: Change, context: KeyContext): Promise<string[]> {
  if (change.type === 'ADDED') return [];
  const classes = await context.list<VolumeAttributesClass>(volumeAttributesClasses);
  return classes.filter(({ metadata }) => metadata.deletionTimestamp).map(({ metadata }) => metadata.name ?? '');
}

async function reconcile(name: string, context: ReconcileContext): Promise<undefined> {
  const object = await context.client.find<VolumeAttributesClass>(volumeAttributesClasses, { name });
  if (object === undefined) return;
  const used = object.metadata.deletionTimestamp !== undefined && (await isUsed(name, context));
  await applyOrThrow(planProtection({ kind: volumeAttributesClasses, object, finalizer: FINALIZER, used }), context);
}

async function isUsed(name: string, { client }: ReconcileContext): Promise<boolean> {
  const volumes = await client.list<PersistentVolume>(persistentVolumes);
  if (volumes.items.some(({ spec }) => spec?.volumeAttributesClassName === name)) return true;
  const claims = await client.list<PersistentVolumeClaim>(persistentVolumeClaims);
  return claims.items.some(
    ({ spec, status }) =>
      spec?.volumeAttributesClassName === name ||
      status?.currentVolumeAttributesClassName === name ||
      status?.modifyVolumeStatus?.targetVolumeAttributesClassName === name,
  );
}
