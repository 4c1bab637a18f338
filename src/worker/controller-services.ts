/** What the controllers of a cluster need besides its API: who they are, the owner index, the kinds. */

import type { Clock } from '../base/clock.ts';
import type { Client, Transport } from '../client/client.ts';
import type { Dependent, ServedKind } from '../controllers/index.ts';
import { allKinds } from '../kinds/index.ts';
import type { Server, UserInfo } from '../server/contract.ts';
import type { Store } from '../storage/contract.ts';

const GROUPS = ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'];

/** Upstream's controllers read through informers that act as the controller manager, and write as themselves. */
const READER: UserInfo = { name: 'system:kube-controller-manager', groups: ['system:authenticated'] };

/** Single objects that the controller manager may get; its role lets it list and watch everything. */
const READER_GETS = /^\/api\/v1\/(namespaces\/[^/]+|namespaces\/[^/]+\/(configmaps|secrets|serviceaccounts)\/[^/]+)$/;

/** Calls of `server` as a service account of kube-system, reads as the controller manager where upstream has it so. */
export function controllerTransport(server: Server, serviceAccount: string): Transport {
  const writer: UserInfo = { name: `system:serviceaccount:kube-system:${serviceAccount}`, groups: GROUPS };
  return (request) => {
    const { pathname } = new URL(request.url);
    const read = request.method === 'GET' && (isCollection(pathname) || READER_GETS.test(pathname));
    return server.fetch(request, read ? READER : writer);
  };
}

/** `/api/v1/pods`, `/apis/apps/v1/namespaces/default/deployments` */
function isCollection(pathname: string): boolean {
  const segments = pathname.split('/').slice(1);
  const rest = segments.slice(segments[0] === 'api' ? 2 : 3);
  return rest.length === 1 || (rest.length === 3 && rest[0] === 'namespaces');
}

/** The built-in kinds that are kept, one version of each, and what discovery shows beside them at the moment. */
export async function servedKinds(client: Client): Promise<ServedKind[]> {
  const byStored = new Map<string, ServedKind>();
  for (const kind of allKinds) {
    if (kind.stored && (kind.preferredVersion || !byStored.has(kind.storedAs))) byStored.set(kind.storedAs, kind);
  }
  const builtIn = new Set(byStored.keys());
  for (const { metadata, versions = [] } of await discoveredGroups(client)) {
    const group = metadata?.name ?? '';
    // The preferred version comes first.
    for (const { version, resources = [] } of [...versions].reverse()) {
      for (const { resource, responseKind, scope, verbs = [] } of resources) {
        const namespaced = scope === 'Namespaced';
        const storedAs = `${resource}.${group}`;
        if (builtIn.has(storedAs) || !verbs.includes('list')) continue;
        byStored.set(storedAs, {
          group,
          version,
          kind: responseKind?.kind ?? '',
          resource,
          namespaced,
          storedAs,
          verbs,
        });
      }
    }
  }
  return [...byStored.values()];
}

/** The part of apidiscovery.k8s.io/v2 that is read here. */
interface DiscoveredGroup {
  metadata?: { name?: string };
  versions?: {
    version: string;
    resources?: { resource: string; responseKind?: { kind: string }; scope?: string; verbs?: string[] }[];
  }[];
}

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

async function discoveredGroups(client: Client): Promise<DiscoveredGroup[]> {
  const response = await client.fetch('/apis', { headers: { Accept: AGGREGATED } });
  if (!response.ok) throw new Error(`discovery answered ${response.status}`);
  return ((await response.json()) as { items?: DiscoveredGroup[] }).items ?? [];
}

/** How long a list of kinds is used before custom resource definitions are read again, in milliseconds. */
const KINDS_AGE = 2_000;

/** `servedKinds`, read at most once in a while. */
export function rememberKinds(client: Client, clock: Clock): (fresh?: boolean) => Promise<ServedKind[]> {
  let kinds: Promise<ServedKind[]> | undefined;
  let until = 0;
  return (fresh = false) => {
    if (kinds === undefined || fresh || clock.now() >= until) {
      until = clock.now() + KINDS_AGE;
      kinds = servedKinds(client);
      kinds.catch(() => {
        kinds = undefined;
      });
    }
    return kinds;
  };
}

/** Objects that name `uid` among their owners, from every shard that keeps an owner index. */
export async function findDependents(
  options: { store: Store; kinds: readonly ServedKind[] },
  uid: string,
): Promise<Dependent[]> {
  const { store, kinds } = options;
  const byStored = new Map(kinds.map((kind) => [kind.storedAs, kind]));
  // Nothing owns events, and asking for them would wake their shard.
  const owned = kinds.filter(({ storedAs }) => storedAs !== 'events');
  const shards = [...new Set(owned.map((kind) => store.shardOf(kind.storedAs)))];
  const answers = await Promise.all(shards.map((shard) => shard.dependents?.(uid) ?? []));
  const found: Dependent[] = [];
  for (const { key, revision, projection } of answers.flat()) {
    const kind = byStored.get(key.resource);
    if (kind === undefined) continue;
    const { namespace, name } = key;
    const { uid, deleting, owners, finalizers = [] } = projection;
    found.push({ kind, namespace, name, uid, resourceVersion: String(revision), deleting, owners, finalizers });
  }
  return found;
}
