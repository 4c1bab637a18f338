/** Who a request is for: the API of a cluster, or the edge of one. */
import type { PlainUrl } from '../base/plain-url.ts';
import { resolveCluster } from './cluster-address.ts';
import type { ClusterDirectory, FleetSource } from './cluster-directory.ts';
import { DEFAULT_CLUSTER } from './settings.ts';

export type RequestTarget =
  | {
      to: 'api';
      /** Id of the cluster. */
      cluster: string;
      /** Path relative to the cluster. */
      path: string;
      /** The URL with the prefix of the cluster taken off; undefined when there was none. */
      rewritten?: string;
    }
  | { to: 'ingress'; cluster: string }
  | { to: 'nobody'; name: string };

export interface TargetOptions {
  /** `KEDGE_API_HOSTS`. */
  apiHosts: string | undefined;
  fleet: FleetSource;
  directory: ClusterDirectory;
}

/** Names that belong to the platform or to nobody: a user's Ingress is not looked for there. */
const PLATFORM_HOST = /(^|\.)workers\.dev$|(^|\.)localhost$|^[\d.]+$|^\[/;
const API_PATH =
  /^\/(apis?|clusters|dashboard|healthz|kedge|livez|logs|metrics|openapi|openid|readyz|version|\.well-known)(\/|$)/;

/** The target where host name and path alone tell it: the default cluster at a name of the API's own. */
export function quickTarget(url: PlainUrl, apiHosts: string | undefined): RequestTarget | undefined {
  if (!isApiHost(url, apiHosts) || url.pathname.startsWith('/clusters/')) return undefined;
  return { to: 'api', cluster: DEFAULT_CLUSTER, path: url.pathname };
}

/**
 * Decides by host name first. The API's own names go before everything, so that no Ingress of a user can take requests
 * that carry credentials for the API.
 */
export async function targetOf(url: URL, options: TargetOptions): Promise<RequestTarget> {
  const { apiHosts, fleet, directory } = options;
  const host = url.hostname;
  if (isApiHost(url, apiHosts)) return apiTarget(url, options);
  const named = await directory.byHostname(fleet, host);
  if (named !== undefined) return { to: 'api', cluster: named, path: url.pathname };
  if (apiHosts === '*') return apiTarget(url, options);
  return { to: 'ingress', cluster: await edgeClusterOf(host, options) };
}

/** The cluster whose edge answers at `host`: the one it is subordinate to, else the default one. */
export async function edgeClusterOf(
  host: string,
  { fleet, directory }: Pick<TargetOptions, 'fleet' | 'directory'>,
): Promise<string> {
  return (await directory.byParent(fleet, host)) ?? DEFAULT_CLUSTER;
}

function isApiHost({ hostname, pathname }: Pick<URL, 'hostname' | 'pathname'>, apiHosts: string | undefined): boolean {
  if (apiHosts === undefined) return PLATFORM_HOST.test(hostname) && API_PATH.test(pathname);
  if (apiHosts === '*') return PLATFORM_HOST.test(hostname);
  return apiHosts.split(',').some((name) => name.trim().toLowerCase() === hostname);
}

async function apiTarget(url: URL, { fleet, directory }: TargetOptions): Promise<RequestTarget> {
  const { cluster: name, path, rewritten } = resolveCluster(url);
  const cluster = await directory.byName(fleet, name);
  if (cluster === undefined) return { to: 'nobody', name };
  return { to: 'api', cluster, path, ...(rewritten === undefined ? {} : { rewritten }) };
}
