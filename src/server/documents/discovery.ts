/**
 * Discovery documents as values, computed from the kinds. Groups come in the order of the registry, which is the order
 * of priority; versions with the preferred one first. Upstream: apiserver/pkg/endpoints/discovery.
 */
import type { Kind, SubresourceDefinition } from '../../machinery/kind.ts';
import { apiVersionOf } from '../../machinery/meta.ts';

interface GroupVersionForDiscovery {
  groupVersion: string;
  version: string;
}

export interface APIGroup {
  kind?: 'APIGroup';
  apiVersion?: 'v1';
  name: string;
  versions: GroupVersionForDiscovery[];
  preferredVersion: GroupVersionForDiscovery;
}

export interface APIResource {
  name: string;
  singularName: string;
  namespaced: boolean;
  group?: string;
  version?: string;
  kind: string;
  verbs: readonly string[];
  shortNames?: readonly string[];
  categories?: readonly string[];
  storageVersionHash?: string;
}

export interface APIResourceList {
  kind: 'APIResourceList';
  apiVersion?: 'v1';
  groupVersion: string;
  resources: APIResource[];
}

/** A group of the aggregated document. */
export interface DiscoveredGroup {
  metadata: { name?: string };
  versions: { version: string; resources: object[]; freshness: string }[];
}

export interface DiscoveryList {
  kind: 'APIGroupDiscoveryList';
  apiVersion: 'apidiscovery.k8s.io/v2';
  metadata: object;
  items: DiscoveredGroup[];
}

/** `/api`. `address` is the host and port that clients reach the server at. */
export function coreVersions(address: string): object {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: address }],
  };
}

/** `/apis`, plain: custom groups last, in the order of the names of their API services. */
export function groupList(kinds: readonly Kind[]): { kind: string; apiVersion: string; groups: APIGroup[] } {
  const custom = new Set(kinds.flatMap(({ group, itemsCarryType }) => (itemsCarryType ? [group] : [])));
  const groups = [...versionsByGroup(kinds)].map(([group, versions]) => groupOf(group, versions));
  const last = groups.filter(({ name }) => custom.has(name));
  last.sort((a, b) => (firstService(a) < firstService(b) ? -1 : 1));
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: [...groups.filter(({ name }) => !custom.has(name)), ...last],
  };
}

/** The first of the API services of a group's versions, by name. */
const firstService = ({ name, versions }: APIGroup): string =>
  versions.map(({ version }) => `${version}.${name}`).sort()[0] ?? '';

/** `/apis/GROUP`; undefined for a group that is not served. */
export function groupDocument(kinds: readonly Kind[], group: string): APIGroup | undefined {
  const versions = versionsByGroup(kinds).get(group);
  return versions === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(group, versions) };
}

/** `/api/v1` and `/apis/GROUP/VERSION`; undefined for a version that is not served. */
export function resourceList(kinds: readonly Kind[], group: string, version: string): APIResourceList | undefined {
  const own = kinds.filter((kind) => kind.group === group && kind.version === version);
  if (own.length === 0) return undefined;
  return {
    kind: 'APIResourceList',
    // The core group's document has no apiVersion, as its type is older than the field.
    ...(group === '' ? {} : { apiVersion: 'v1' as const }),
    groupVersion: apiVersionOf(group, version),
    resources: own.flatMap((kind) => [resourceOf(kind), ...kind.subresources.map((sub) => subresourceOf(kind, sub))]),
  };
}

/** `/api` (`core`) and `/apis` in the aggregated form `apidiscovery.k8s.io/v2`. */
export function aggregatedDiscovery(kinds: readonly Kind[], core: boolean): DiscoveryList {
  const byVersion = Map.groupBy(kinds, (kind) => `${kind.group}/${kind.version}`);
  const items = [...versionsByGroup(kinds, core)].map(([group, versions]) => ({
    metadata: group === '' ? {} : { name: group },
    versions: versions.map((version) => ({
      version,
      resources: (byVersion.get(`${group}/${version}`) ?? []).map(aggregatedResource),
      freshness: 'Current',
    })),
  }));
  return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items };
}

/** Versions of each group but the core one (or of the core one only), the preferred version first. */
function versionsByGroup(kinds: readonly Kind[], core = false): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { group, version, preferredVersion } of kinds) {
    if ((group === '') !== core) continue;
    const versions = groups.get(group) ?? [];
    groups.set(group, versions);
    if (versions.includes(version)) continue;
    if (preferredVersion) versions.unshift(version);
    else versions.push(version);
  }
  return groups;
}

function groupOf(group: string, versions: readonly string[]): APIGroup {
  const list = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: list, preferredVersion: list[0]! };
}

function resourceOf(kind: Kind): APIResource {
  return {
    name: kind.resource,
    singularName: kind.singular,
    namespaced: kind.namespaced,
    kind: kind.kind,
    verbs: kind.verbs,
    ...(kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {}),
    ...(kind.categories.length > 0 ? { categories: kind.categories } : {}),
    ...(kind.storageVersionHash === undefined ? {} : { storageVersionHash: kind.storageVersionHash }),
  };
}

function subresourceOf(kind: Kind, sub: SubresourceDefinition): APIResource {
  return {
    name: `${kind.resource}/${sub.name}`,
    singularName: '',
    namespaced: kind.namespaced,
    ...(foreign(kind, sub) ? { group: sub.group ?? '', version: sub.version ?? '' } : {}),
    kind: sub.kind,
    verbs: sub.verbs,
  };
}

/** Whether the body of a subresource belongs to another group-version than its resource. */
function foreign(kind: Kind, sub: SubresourceDefinition): boolean {
  return (sub.group ?? kind.group) !== kind.group || (sub.version ?? kind.version) !== kind.version;
}

function aggregatedResource(kind: Kind): object {
  const subresources = kind.subresources.map((sub) => ({
    subresource: sub.name,
    responseKind:
      kind.itemsCarryType || foreign(kind, sub)
        ? { group: sub.group ?? '', version: sub.version ?? '', kind: sub.kind }
        : { group: '', version: '', kind: sub.kind },
    verbs: sub.verbs,
  }));
  return {
    resource: kind.resource,
    // Empty group and version mean those of the list entry around it; custom resources spell them out.
    responseKind: kind.itemsCarryType
      ? { group: kind.group, version: kind.version, kind: kind.kind }
      : { group: '', version: '', kind: kind.kind },
    scope: kind.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: kind.singular,
    verbs: kind.verbs,
    ...(kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {}),
    ...(kind.categories.length > 0 ? { categories: kind.categories } : {}),
    ...(subresources.length > 0 ? { subresources } : {}),
  };
}
