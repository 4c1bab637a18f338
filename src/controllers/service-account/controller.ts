import { type Namespace, namespaces, serviceAccounts } from '../../kinds/index.ts';
import { applyOrThrow, isAlreadyThere, type Plan } from '../runtime/apply-plan.ts';
import { type Change, keyOfObject } from '../runtime/change.ts';
import { defineController, type ReconcileContext } from '../runtime/define-controller.ts';

const NAME = 'default';

/** Gives each namespace its default service account. Upstream: pkg/controller/serviceaccount. */
export const serviceAccountController = defineController({
  name: 'serviceaccount-controller',
  serviceAccount: 'service-account-controller',
  watches: [
    { kind: namespaces, keys: (change) => (change.type === 'ADDED' ? keyOfObject(change) : []) },
    { kind: serviceAccounts, keys: deletedDefault },
  ],
  permissions: [
    { groups: [''], resources: ['serviceaccounts'], verbs: ['create', 'get', 'list', 'watch'] },
    { groups: [''], resources: ['namespaces'], verbs: ['get', 'list', 'watch'] },
  ],
  reconcile,
});

function deletedDefault({ type, key }: Change): string[] {
  return type === 'DELETED' && key.name === NAME ? [key.namespace] : [];
}

async function reconcile(name: string, context: ReconcileContext): Promise<undefined> {
  const namespace = await context.client.find<Namespace>(namespaces, { name });
  if (namespace === undefined || namespace.metadata.deletionTimestamp) return;
  const existing = await context.client.find(serviceAccounts, { namespace: name, name: NAME });
  if (existing === undefined) await applyOrThrow(planDefault(name), context).catch(isAlreadyThere);
}

/** Creates the default service account. */
function planDefault(namespace: string): Plan {
  const object = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: NAME, namespace } };
  return { steps: [{ writes: [{ type: 'create', kind: serviceAccounts, object }] }] };
}
