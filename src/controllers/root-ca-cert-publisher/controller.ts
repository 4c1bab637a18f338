import { type ConfigMap, configMaps, type Namespace, namespaces } from '../../kinds/index.ts';
import { applyOrThrow, isAlreadyThere } from '../runtime/apply-plan.ts';
import { keyOfObject } from '../runtime/change.ts';
import { defineController, type ReconcileContext } from '../runtime/define-controller.ts';
import { NAME, planRootCa } from './plan.ts';

/**
 * Publishes the cluster's authority in each namespace, for pods to verify the API server with.
 * Upstream: pkg/controller/certificates/rootcacertpublisher.
 */
export const rootCaCertPublisher = defineController({
  name: 'root-ca-cert-publisher',
  watches: [
    { kind: namespaces, keys: (change) => (change.type === 'ADDED' ? keyOfObject(change) : []) },
    { kind: configMaps, keys: ({ key, type }) => (key.name === NAME && type !== 'ADDED' ? [key.namespace] : []) },
  ],
  permissions: [
    { groups: [''], resources: ['configmaps'], verbs: ['create', 'get', 'list', 'update', 'watch'] },
    { groups: [''], resources: ['namespaces'], verbs: ['get', 'list', 'watch'] },
  ],
  reconcile,
});

async function reconcile(name: string, context: ReconcileContext): Promise<undefined> {
  const namespace = await context.client.find<Namespace>(namespaces, { name });
  if (namespace === undefined || namespace.metadata.deletionTimestamp) return;
  const existing = await context.client.find<ConfigMap>(configMaps, { namespace: name, name: NAME });
  const plan = planRootCa({ namespace: name, existing, caCertificate: context.settings.caCertificate });
  await applyOrThrow(plan, context).catch(isAlreadyThere);
}
