import { DEFAULT_CLUSTER } from './settings.ts';

export interface ClusterAddress {
  cluster: string;
  /** The path relative to the cluster. */
  path: string;
  /** The URL with the prefix taken off; undefined when there was none. */
  rewritten?: string;
}

const PREFIX = /^\/clusters\/([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)(\/.*)?$/;

/** Which cluster a URL addresses: `/clusters/NAME/…`, else the default cluster at the root. */
export function resolveCluster(url: URL): ClusterAddress {
  const match = PREFIX.exec(url.pathname);
  if (!match) return { cluster: DEFAULT_CLUSTER, path: url.pathname };
  const path = match[2] ?? '/';
  const rewritten = new URL(url);
  rewritten.pathname = path;
  return { cluster: match[1] as string, path, rewritten: rewritten.toString() };
}
