import { type PersistentVolumeClaim, type Pod, persistentVolumeClaims, pods } from '../../kinds/index.ts';
import { applyOrThrow } from '../runtime/apply-plan.ts';
import { type Change, formatKey, parseKey } from '../runtime/change.ts';
import {
  type Controller,
  defineController,
  type KeyContext,
  type ReconcileContext,
} from '../runtime/define-controller.ts';
import { KnownNamespaces } from '../runtime/known-namespaces.ts';
import { keysOfUnsettled, planProtection } from '../runtime/protection.ts';
import { usesClaim } from './plan.ts';

const FINALIZER = 'kubernetes.io/pvc-protection';

const isGoing = ({ metadata }: PersistentVolumeClaim): boolean => metadata.deletionTimestamp !== undefined;

/** Lets claims go that no pod uses. Upstream: pkg/controller/volume/pvcprotection. */
export function createPvcProtectionController(): Controller {
  const waiting = new KnownNamespaces<PersistentVolumeClaim>(persistentVolumeClaims, isGoing);
  return defineController({
    name: 'pvc-protection-controller',
    watches: [
      {
        kind: persistentVolumeClaims,
        keys: (change) => {
          if (change.projection.deleting) waiting.add(change.key.namespace);
          return keysOfUnsettled(FINALIZER)(change);
        },
      },
      { kind: pods, keys: (change, context) => keysOfPod(change, context, waiting) },
    ],
    permissions: [
      { groups: [''], resources: ['persistentvolumeclaims'], verbs: ['get', 'list', 'update', 'watch'] },
      { groups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] },
    ],
    reconcile,
  });
}

/** The claims of its namespace that wait for a pod to go. */
async function keysOfPod(
  { key: { namespace }, type, projection }: Change,
  context: KeyContext,
  waiting: KnownNamespaces<PersistentVolumeClaim>,
): Promise<string[]> {
  if (type !== 'DELETED' && !projection.deleting) return [];
  if (!(await waiting.has(namespace, context))) return [];
  const claims = await context.list<PersistentVolumeClaim>(persistentVolumeClaims, namespace);
  return claims.filter(isGoing).map(({ metadata }) => formatKey(namespace, metadata.name ?? ''));
}

async function reconcile(key: string, context: ReconcileContext): Promise<undefined> {
  const { client } = context;
  const object = await client.find<PersistentVolumeClaim>(persistentVolumeClaims, parseKey(key));
  if (object === undefined) return;
  const { namespace } = object.metadata;
  const users = isGoing(object) ? (await client.list<Pod>(pods, { namespace })).items : [];
  const used = users.some((pod) => usesClaim(pod, object));
  await applyOrThrow(planProtection({ kind: persistentVolumeClaims, object, finalizer: FINALIZER, used }), context);
}
