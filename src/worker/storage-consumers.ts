/** Who gets the committed changes of a shard. */
import type { OutboxConsumer } from '../storage/outbox.ts';
import { isApiOnly } from './cluster-id.ts';
import type { Env } from './env.ts';

/** What the scheduler places, and what it looks at to do so. */
const SCHEDULER_RESOURCES: ReadonlySet<string> = new Set([
  'pods',
  'nodes',
  'namespaces',
  'persistentvolumes',
  'persistentvolumeclaims',
  'priorityclasses.scheduling.k8s.io',
  'storageclasses.storage.k8s.io',
  'csinodes.storage.k8s.io',
  'csidrivers.storage.k8s.io',
  'csistoragecapacities.storage.k8s.io',
  'poddisruptionbudgets.policy',
  'resourceclaims.resource.k8s.io',
  'resourceslices.resource.k8s.io',
  'deviceclasses.resource.k8s.io',
]);

/** Written often, reconciled by nobody: who wants to know reads them. */
const NOT_FOR_CONTROLLERS: ReadonlySet<string> = new Set(['events', 'leases.coordination.k8s.io']);

/** The consumers of shard `shard` of `cluster`; none in a cluster that is only an API. */
export function consumersOf(env: Env, cluster: string, shard: string): OutboxConsumer[] {
  if (isApiOnly(env, cluster)) return [];
  return [
    {
      name: 'controllers',
      wants: (resource) => !NOT_FOR_CONTROLLERS.has(resource),
      deliver: async (changes) => env.CONTROLLERS.getByName(cluster).deliver(shard, changes),
    },
    {
      name: 'scheduler',
      wants: (resource) => SCHEDULER_RESOURCES.has(resource),
      deliver: async (changes) => env.SCHEDULER.getByName(cluster).deliver(shard, changes),
    },
  ];
}
