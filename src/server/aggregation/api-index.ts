/** The API services of the cluster, arranged for look-ups. */
import { type APIService, apiServices, compareVersions } from '../../kinds/index.ts';
import type { ConfigSnapshot } from '../contract.ts';

/** A group-version that another server answers. */
export interface RemoteApi {
  /** `v1beta1.metrics.k8s.io` */
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly service: { readonly namespace: string; readonly name: string; readonly port: number };
  /** PEM; undefined: an authority of the public internet. */
  readonly caBundle?: string;
  readonly insecure: boolean;
  /** As the last check found it. */
  readonly available: boolean;
  /** Changes with what decides about whether its server can be reached, and not with its status. */
  readonly identity: string;
}

/** A group as discovery lists it. */
export interface ListedGroup {
  readonly group: string;
  readonly priority: number;
  /** By priority. */
  readonly versions: readonly string[];
}

export interface ApiIndex {
  readonly remotes: readonly RemoteApi[];
  remote(group: string, version: string): RemoteApi | undefined;
  /** Groups that another server has a part in. */
  readonly groups: readonly ListedGroup[];
  /** The priority of a group among all; undefined where no API service names it. */
  priorityOf(group: string): number | undefined;
}

const REMOTES = 'api-index';

/** The index of a moment; the same value until an API service changes. */
export const apiIndexOf = (config: ConfigSnapshot): ApiIndex =>
  config.derive(REMOTES, [apiServices.storedAs], (snapshot) =>
    buildIndex(snapshot.list<APIService>(apiServices.storedAs)),
  );

export function buildIndex(services: readonly APIService[]): ApiIndex {
  const remotes = new Map<string, RemoteApi>();
  const byGroup = new Map<string, APIService[]>();
  for (const service of services) {
    const { group = '', version = '' } = service.spec;
    const remote = remoteOf(service);
    if (remote) remotes.set(`${group}/${version}`, remote);
    const others = byGroup.get(group);
    if (others) others.push(service);
    else byGroup.set(group, [service]);
  }
  const remoteGroups = new Set([...remotes.values()].map(({ group }) => group));
  return {
    remotes: [...remotes.values()],
    remote: (group, version) => remotes.get(`${group}/${version}`),
    groups: [...remoteGroups].map((group) => listed(group, byGroup.get(group) ?? [])),
    priorityOf: (group) => {
      const own = byGroup.get(group);
      return own && priorityOf(own);
    },
  };
}

const priorityOf = (services: readonly APIService[]): number =>
  Math.max(...services.map(({ spec }) => spec.groupPriorityMinimum ?? 0));

/** Upstream: apiregistration/v1/helper SortedByGroupAndVersion. */
function listed(group: string, services: readonly APIService[]): ListedGroup {
  const sorted = [...services].sort(
    (a, b) =>
      (b.spec.versionPriority ?? 0) - (a.spec.versionPriority ?? 0) ||
      compareVersions(a.spec.version ?? '', b.spec.version ?? ''),
  );
  return { group, priority: priorityOf(services), versions: sorted.map(({ spec }) => spec.version ?? '') };
}

function remoteOf({ metadata, spec, status }: APIService): RemoteApi | undefined {
  const { service, group = '', version = '', caBundle, insecureSkipTLSVerify } = spec;
  if (!service) return undefined;
  const target = { namespace: service.namespace ?? '', name: service.name ?? '', port: service.port ?? 443 };
  return {
    name: metadata.name ?? '',
    group,
    version,
    service: target,
    ...(caBundle ? { caBundle: atob(caBundle) } : {}),
    insecure: insecureSkipTLSVerify === true,
    available: status?.conditions?.some(({ type, status: is }) => type === 'Available' && is === 'True') === true,
    identity: JSON.stringify([metadata.uid, target, caBundle, insecureSkipTLSVerify]),
  };
}

/** The path under which a group-version is served. */
export const pathOf = ({ group, version }: { group: string; version: string }): string =>
  group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
