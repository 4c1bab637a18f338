/** Puts the groups of extension API servers into discovery. Upstream: kube-aggregator/pkg/apiserver/handler_{apis,discovery}.go. */
import type { APIGroup, DiscoveredGroup } from '../documents/index.ts';
import type { ApiIndex } from './api-index.ts';
import type { Aggregation, RemoteResource } from './contract.ts';

/** Priority of groups that no API service names. */
const DEFAULT_PRIORITY = 1000;

const groupOf = (group: string, versions: readonly string[]): APIGroup => {
  const list = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: list, preferredVersion: list[0]! };
};

/** `/apis` with the groups of others in their places. */
export function mergeGroups(groups: readonly APIGroup[], index: ApiIndex): APIGroup[] {
  if (index.groups.length === 0) return [...groups];
  return insertGroups(groups, index, {
    nameOf: ({ name }) => name,
    make: (group, versions) => groupOf(group, versions),
  });
}

/** `/apis/GROUP` of a group that another server has a part in. */
export function mergedGroup(group: string, index: ApiIndex): APIGroup | undefined {
  const listed = index.groups.find((each) => each.group === group);
  return listed && { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(group, listed.versions) };
}

/** The aggregated document's groups with those of others. A version whose server says nothing is marked as stale. */
export async function mergeDiscovery(
  items: readonly DiscoveredGroup[],
  { index, documents }: Pick<Aggregation, 'index' | 'documents'>,
): Promise<DiscoveredGroup[]> {
  const known = await index();
  if (known.groups.length === 0) return [...items];
  const offered = new Map<string, readonly RemoteResource[] | undefined>();
  await Promise.all(
    known.remotes.map(async (api) => offered.set(`${api.group}/${api.version}`, await documents.resources(api))),
  );
  return insertGroups(items, known, {
    nameOf: ({ metadata }) => metadata.name ?? '',
    make(group, versions, own) {
      return {
        metadata: { name: group },
        versions: versions.flatMap((version) => {
          const local = own?.versions.find((each) => each.version === version);
          if (!known.remote(group, version)) return local ? [local] : [];
          const resources = offered.get(`${group}/${version}`);
          const freshness = resources ? 'Current' : 'Stale';
          return [{ version, resources: discovered(resources ?? []), freshness }];
        }),
      };
    },
  });
}

interface Insertion<T> {
  nameOf(item: T): string;
  make(group: string, versions: readonly string[], own: T | undefined): T;
}

/** Groups by priority; those of this server keep their order among themselves. */
function insertGroups<T>(items: readonly T[], index: ApiIndex, { nameOf, make }: Insertion<T>): T[] {
  const remote = new Map(index.groups.map((listed) => [listed.group, listed]));
  const priorityOf = (item: T): number => index.priorityOf(nameOf(item)) ?? DEFAULT_PRIORITY;
  const result = items.map((item) => {
    const listed = remote.get(nameOf(item));
    remote.delete(nameOf(item));
    return listed ? make(listed.group, listed.versions, item) : item;
  });
  for (const { group, versions, priority } of remote.values()) {
    const before = result.findIndex((item) => {
      const other = priorityOf(item);
      return other < priority || (other === priority && nameOf(item) > group);
    });
    result.splice(before < 0 ? result.length : before, 0, make(group, versions, undefined));
  }
  return result;
}

/** Resources with their subresources inside. Upstream: endpoints/installer.go ConvertGroupVersionIntoToDiscovery. */
function discovered(resources: readonly RemoteResource[]): object[] {
  const found = new Map<string, object & { subresources?: object[] }>();
  const kindOf = ({ group = '', version = '', kind = '' }: RemoteResource) => ({ group, version, kind });
  for (const resource of resources.filter(({ name }) => !name.includes('/'))) {
    const { name, singularName = '', namespaced, verbs = [], shortNames, categories } = resource;
    const entry: object = {
      ...{ resource: name, responseKind: kindOf(resource), scope: namespaced ? 'Namespaced' : 'Cluster' },
      singularResource: singularName,
      verbs,
      ...(shortNames?.length ? { shortNames } : {}),
      ...(categories?.length ? { categories } : {}),
    };
    found.set(name, entry);
  }
  for (const resource of resources) {
    const [parent = '', subresource] = resource.name.split('/');
    if (subresource === undefined) continue;
    const entry = { subresource, responseKind: kindOf(resource), verbs: resource.verbs ?? [] };
    const owner = found.get(parent);
    if (owner) owner.subresources = [...(owner.subresources ?? []), entry];
    else
      found.set(parent, {
        ...{ resource: parent, scope: 'Cluster', singularResource: '', verbs: [] },
        subresources: [entry],
      });
  }
  return [...found.values()];
}
