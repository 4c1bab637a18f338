/** Names of users and groups that the server itself gives out. Upstream: apiserver/pkg/authentication/user. */
import type { UserInfo } from '../contract.ts';

export const ALL_AUTHENTICATED = 'system:authenticated';
export const ALL_UNAUTHENTICATED = 'system:unauthenticated';
export const MASTERS_GROUP = 'system:masters';
export const NODES_GROUP = 'system:nodes';
export const NODE_USER_PREFIX = 'system:node:';
const SERVICE_ACCOUNTS_GROUP = 'system:serviceaccounts';
export const ANONYMOUS_NAME = 'system:anonymous';

const SERVICE_ACCOUNT_PREFIX = 'system:serviceaccount:';

/** The user of a request without credentials. */
/** The kube-proxy of a node: who the agent is when it follows Services. Upstream binds system:node-proxier to this user. */
export const PROXY_USER: UserInfo = { name: 'system:kube-proxy', groups: [ALL_AUTHENTICATED] };

export const anonymousUser = (): UserInfo => ({ name: ANONYMOUS_NAME, groups: [ALL_UNAUTHENTICATED] });

export const serviceAccountUserName = (namespace: string, name: string): string =>
  `${SERVICE_ACCOUNT_PREFIX}${namespace}:${name}`;

/** Groups of a service account, without system:authenticated. */
export const serviceAccountGroups = (namespace: string): string[] => [
  SERVICE_ACCOUNTS_GROUP,
  `${SERVICE_ACCOUNTS_GROUP}:${namespace}`,
];

const NAMESPACE_NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const ACCOUNT_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Namespace and name of `system:serviceaccount:NAMESPACE:NAME`; undefined for any other user name. */
export function parseServiceAccountUserName(user: string): { namespace: string; name: string } | undefined {
  if (!user.startsWith(SERVICE_ACCOUNT_PREFIX)) return undefined;
  const parts = user.slice(SERVICE_ACCOUNT_PREFIX.length).split(':');
  const [namespace, name] = parts;
  if (parts.length !== 2 || namespace === undefined || name === undefined) return undefined;
  if (!NAMESPACE_NAME.test(namespace) || name.length > 253 || !ACCOUNT_NAME.test(name)) return undefined;
  return { namespace, name };
}

/** The node a node user stands for: it must also be in the group system:nodes. Upstream: nodeidentifier. */
export function nodeOf(user: Pick<UserInfo, 'name' | 'groups'>): string | undefined {
  if (!user.name.startsWith(NODE_USER_PREFIX) || !user.groups.includes(NODES_GROUP)) return undefined;
  return user.name.slice(NODE_USER_PREFIX.length);
}
