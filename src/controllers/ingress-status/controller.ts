import { type Ingress, type IngressClass, ingressClasses, ingresses, namespaces } from '../../kinds/index.ts';
import { applyOrThrow, isAlreadyThere } from '../runtime/apply-plan.ts';
import { formatKey, keyOfObject, parseKey } from '../runtime/change.ts';
import { defineController, type ReconcileContext } from '../runtime/define-controller.ts';
import { planIngressClass, planIngressStatus } from './plan.ts';

/** The key of the class; those of Ingresses have a slash. */
const CLASS = 'class';
/** Every cluster has this namespace from its first moment, so a change of it starts a cluster that has no class yet. */
const FIRST_NAMESPACE = 'kube-system';

/** Keeps the IngressClass of the edge, and the addresses in the status of the Ingresses that it serves. */
export const ingressStatusController = defineController({
  name: 'ingress-status-controller',
  watches: [
    { kind: ingresses, keys: keyOfObject },
    {
      kind: ingressClasses,
      keys: async (_change, { list }) => {
        const all = await list<Ingress>(ingresses);
        return [CLASS, ...all.map(({ metadata }) => formatKey(metadata.namespace, metadata.name ?? ''))];
      },
    },
    { kind: namespaces, keys: ({ key, type }) => (key.name === FIRST_NAMESPACE && type === 'ADDED' ? [CLASS] : []) },
  ],
  permissions: [
    { groups: ['networking.k8s.io'], resources: ['ingresses'], verbs: ['get', 'list', 'watch'] },
    { groups: ['networking.k8s.io'], resources: ['ingresses/status'], verbs: ['update'] },
    { groups: ['networking.k8s.io'], resources: ['ingressclasses'], verbs: ['create', 'get', 'list', 'watch'] },
    { groups: [''], resources: ['namespaces'], verbs: ['get', 'list', 'watch'] },
  ],
  reconcile,
});

async function reconcile(key: string, context: ReconcileContext): Promise<undefined> {
  const { client, settings } = context;
  if (key === CLASS) {
    const { items } = await client.list<IngressClass>(ingressClasses);
    await applyOrThrow(planIngressClass(items), context).catch(isAlreadyThere);
    return;
  }
  const ingress = await client.find<Ingress>(ingresses, parseKey(key));
  if (ingress === undefined || ingress.metadata.deletionTimestamp) return;
  const { items: classes } = await client.list<IngressClass>(ingressClasses);
  const { edgeAddress } = settings;
  await applyOrThrow(
    planIngressStatus({ ingress, classes, ...(edgeAddress === undefined ? {} : { edgeAddress }) }),
    context,
  );
}
