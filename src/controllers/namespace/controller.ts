import { type Namespace, namespaces } from '../../kinds/index.ts';
import { applyOrThrow } from '../runtime/apply-plan.ts';
import { parseKey } from '../runtime/change.ts';
import {
  type Controller,
  defineController,
  type ReconcileContext,
  type ReconcileResult,
} from '../runtime/define-controller.ts';
import { deleteContent } from './content.ts';
import { planNamespace } from './plan.ts';

/**
 * Empties namespaces that are being deleted. Upstream: pkg/controller/namespace.
 *
 * While content is left, each object that goes wakes the controller; the names of emptying namespaces are only
 * remembered for that, and forgetting them costs no more than waiting for the next look.
 */
export function createNamespaceController(): Controller {
  const emptying = new Set<string>();
  return defineController({
    name: 'namespace-controller',
    watches: [
      { kind: namespaces, keys: ({ key, projection }) => (projection.deleting ? [key.name] : []) },
      {
        kind: 'all',
        keys: ({ key, type }) => (type === 'DELETED' && emptying.has(key.namespace) ? [key.namespace] : []),
      },
    ],
    permissions: [
      { groups: [''], resources: ['namespaces'], verbs: ['delete', 'get', 'list', 'watch'] },
      { groups: [''], resources: ['namespaces/finalize', 'namespaces/status'], verbs: ['update'] },
      { groups: ['*'], resources: ['*'], verbs: ['delete', 'deletecollection', 'get', 'list', 'watch'] },
    ],
    reconcile: (key, context) => reconcile(parseKey(key).name, context, emptying),
  });
}

async function reconcile(
  name: string,
  context: ReconcileContext,
  emptying: Set<string>,
): Promise<ReconcileResult | undefined> {
  const { client, clock } = context;
  const namespace = await client.find<Namespace>(namespaces, { name });
  if (!namespace?.metadata.deletionTimestamp || !namespace.spec?.finalizers?.length) {
    emptying.delete(name);
    return undefined;
  }
  emptying.add(name);
  const round = await deleteContent(client, await context.kinds(true), name);
  await applyOrThrow(planNamespace({ namespace, report: round, now: clock.now() }), context);
  if (round.remaining.size === 0 && round.failures.length === 0) {
    emptying.delete(name);
    return undefined;
  }
  return { requeueAfter: (Math.floor(round.grace / 2) + 5) * 1000 };
}
