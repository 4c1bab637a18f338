/** Which backend a request goes to, by the rules of networking.k8s.io/v1 Ingress. */
import { type Ingress, type IngressBackend, type IngressClass, isEdgeIngress } from '../kinds/index.ts';

export interface Route {
  namespace: string;
  /** Name of the Ingress, for logs. */
  ingress: string;
  backend: IngressBackend;
}

/** Paths of one host. Both maps hold paths in the form that a URL has. */
interface PathTable {
  exact: Map<string, Route>;
  /** Without a slash at the end; `''` is every path. */
  prefixes: Map<string, Route>;
  fallback?: Route;
}

export interface RouteTable {
  hosts: ReadonlyMap<string, PathTable>;
  /** By what follows the first label: `.example.com` for `*.example.com`. */
  wildcards: ReadonlyMap<string, PathTable>;
  /** Rules without a host. */
  everywhere: PathTable;
  /** For requests that no rule matches. */
  fallback?: Route;
}

/**
 * The routes of the Ingresses that the edge serves. Where two claim the same host and path, the older one has it, so
 * that nobody takes a route over by adding an object.
 */
export function buildRouteTable(ingresses: readonly Ingress[], classes: readonly IngressClass[]): RouteTable {
  const hosts = new Map<string, PathTable>();
  const wildcards = new Map<string, PathTable>();
  const everywhere = emptyTable();
  const served = ingresses.filter((ingress) => isEdgeIngress(ingress, classes)).sort(byAge);
  const tableOf = (host: string | undefined): PathTable => {
    if (!host) return everywhere;
    const [map, key] = host.startsWith('*.') ? [wildcards, host.slice(1)] : [hosts, host];
    const table = map.get(key.toLowerCase()) ?? emptyTable();
    map.set(key.toLowerCase(), table);
    return table;
  };
  for (const { metadata, spec } of served) {
    const routeTo = (backend: IngressBackend): Route => ({
      namespace: metadata.namespace ?? '',
      ingress: metadata.name ?? '',
      backend,
    });
    for (const { host, http } of spec.rules ?? []) {
      const table = tableOf(host);
      for (const { path = '', pathType, backend } of http?.paths ?? []) {
        const form = urlForm(path);
        const [map, key] = pathType === 'Exact' ? [table.exact, form] : [table.prefixes, withoutSlash(form)];
        if (!map.has(key)) map.set(key, routeTo(backend));
      }
      if (spec.defaultBackend) table.fallback ??= routeTo(spec.defaultBackend);
    }
  }
  const fallback = fallbackOf(served);
  return { hosts, wildcards, everywhere, ...(fallback ? { fallback } : {}) };
}

/**
 * The route of a request, by its host (lower case, no port) and the path of its URL. A more specific host goes first
 * (exact, wildcard of one label, none), and in it an exact path, then the longest prefix, whole elements only.
 */
export function findRoute(table: RouteTable, host: string, path: string): Route | undefined {
  const dot = host.indexOf('.');
  const tables = [table.hosts.get(host), dot > 0 ? table.wildcards.get(host.slice(dot)) : undefined, table.everywhere];
  for (const paths of tables) {
    const route = paths && findPath(paths, path);
    if (route) return route;
  }
  return tables.find((paths) => paths?.fallback)?.fallback ?? table.fallback;
}

/** Whether an Ingress names this host, itself or by a wildcard. */
export function isBoundHost(table: RouteTable, host: string): boolean {
  const dot = host.indexOf('.');
  return table.hosts.has(host) || (dot > 0 && table.wildcards.has(host.slice(dot)));
}

function findPath({ exact, prefixes }: PathTable, path: string): Route | undefined {
  const same = exact.get(path);
  if (same) return same;
  if (prefixes.size === 0) return undefined;
  for (let prefix = withoutSlash(path); ; prefix = prefix.slice(0, prefix.lastIndexOf('/'))) {
    const route = prefixes.get(prefix);
    if (route || prefix === '') return route;
  }
}

/** One that has no rules goes before those that have a default backend besides. */
function fallbackOf(served: readonly Ingress[]): Route | undefined {
  const all = served.filter(({ spec }) => spec.defaultBackend);
  const chosen = all.find(({ spec }) => (spec.rules ?? []).length === 0) ?? all[0];
  if (!chosen?.spec.defaultBackend) return undefined;
  const { namespace = '', name = '' } = chosen.metadata;
  return { namespace, ingress: name, backend: chosen.spec.defaultBackend };
}

function emptyTable(): PathTable {
  return { exact: new Map(), prefixes: new Map() };
}

function byAge(a: Ingress, b: Ingress): number {
  const key = ({ metadata }: Ingress) =>
    [metadata.creationTimestamp ?? '', metadata.namespace, metadata.name].join('/');
  return key(a) < key(b) ? -1 : 1;
}

function urlForm(path: string): string {
  return new URL(path.startsWith('/') ? `http://host${path}` : 'http://host/').pathname;
}

function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}
