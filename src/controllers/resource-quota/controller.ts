import { isCounted, type ResourceQuota, resourceQuotas } from '../../kinds/index.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { applyOrThrow } from '../runtime/apply-plan.ts';
import { type Change, formatKey, keyOfObject, parseKey } from '../runtime/change.ts';
import {
  type Controller,
  defineController,
  type KeyContext,
  type ReconcileContext,
} from '../runtime/define-controller.ts';
import { KnownNamespaces } from '../runtime/known-namespaces.ts';
import { isUncounted, planUsage } from './plan.ts';

/** Ends the keys of quotas whose objects are counted whatever their status says. */
const ANEW = '/anew';
/** Kinds of which an update may free something. */
const SHRINKING = new Set(['services', 'persistentvolumeclaims']);

/**
 * Counts what the objects of a namespace use of its quotas: when a quota is new or changed, and when something is freed.
 * What is added is charged where it is admitted. Upstream: pkg/controller/resourcequota.
 */
export function createResourceQuotaController(): Controller {
  const namespaces = new KnownNamespaces(resourceQuotas);
  return defineController({
    name: 'resourcequota-controller',
    watches: [
      {
        kind: resourceQuotas,
        keys: (change) => {
          if (change.type === 'DELETED') return [];
          namespaces.add(change.key.namespace);
          return keyOfObject(change);
        },
      },
      { kind: 'all', keys: (change, context) => (frees(change) ? keysOfFreed(change, context, namespaces) : []) },
    ],
    permissions: [
      { groups: ['*'], resources: ['*'], verbs: ['list', 'watch'] },
      { groups: [''], resources: ['resourcequotas/status'], verbs: ['update'] },
    ],
    reconcile,
  });
}

function frees({ key, type, projection, old }: Change): boolean {
  if (key.namespace === '') return false;
  if (type === 'DELETED' || SHRINKING.has(key.resource)) return true;
  return key.resource === 'pods' && isFinished(projection) && old !== undefined && !isFinished(old);
}

const isFinished = ({ fields }: { fields: Record<string, string> }): boolean =>
  fields['status.phase'] === 'Succeeded' || fields['status.phase'] === 'Failed';

async function keysOfFreed(
  { key: { namespace, resource } }: Change,
  context: KeyContext,
  namespaces: KnownNamespaces<ResourceQuota>,
): Promise<string[]> {
  if (!(await namespaces.has(namespace, context))) return [];
  const quotas = await context.list<ResourceQuota>(resourceQuotas, namespace);
  return quotas
    .filter(({ status }) => Object.keys(status?.hard ?? {}).some((name) => isCounted(resource, name)))
    .map(({ metadata }) => formatKey(namespace, metadata.name ?? '') + ANEW);
}

async function reconcile(key: string, context: ReconcileContext): Promise<undefined> {
  const anew = key.endsWith(ANEW);
  const { namespace, name } = parseKey(anew ? key.slice(0, -ANEW.length) : key);
  const { client, clock } = context;
  // Read before its objects: a charge of what is created meanwhile makes the write a conflict.
  const found = await client.list<ResourceQuota>(resourceQuotas, { namespace, fieldSelector: `metadata.name=${name}` });
  const [quota] = found.items;
  if (quota === undefined) return;
  const names = Object.keys(quota.spec?.hard ?? {});
  const kinds = (await context.kinds()).filter(
    ({ namespaced, storedAs, verbs }) =>
      namespaced && verbs.includes('list') && names.some((one) => isCounted(storedAs, one)),
  );
  if (!anew && !isUncounted(quota, kinds)) return;
  const populations = await Promise.all(
    kinds.map(async (kind) => {
      const { items } = await client.list<KubeObject>(kind, { namespace });
      return { storedAs: kind.storedAs, objects: items };
    }),
  );
  await applyOrThrow(planUsage(quota, populations, clock.now()), context);
}
