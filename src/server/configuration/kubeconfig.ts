/** The client configuration that upstream's webhooks of the API server take. Upstream: client-go/tools/clientcmd. */
import { badRequest } from '../../machinery/status.ts';
import type { Outbound, OutboundOptions } from '../outbound/contract.ts';

/** How to reach and to convince a server. */
export interface WebhookClient {
  url: string;
  caBundle?: string;
  insecure?: boolean;
  clientCertificate?: { certificate: string; key: string };
  /** Of the Authorization header. */
  authorization?: string;
}

interface Kubeconfig {
  clusters?: { name: string; cluster?: ClusterEntry }[];
  users?: { name: string; user?: UserEntry }[];
  contexts?: { name: string; context?: { cluster?: string; user?: string } }[];
  'current-context'?: string;
}

interface ClusterEntry {
  server?: string;
  'certificate-authority'?: string;
  'certificate-authority-data'?: string;
  'insecure-skip-tls-verify'?: boolean;
}

interface UserEntry {
  token?: string;
  tokenFile?: string;
  username?: string;
  password?: string;
  'client-certificate'?: string;
  'client-certificate-data'?: string;
  'client-key'?: string;
  'client-key-data'?: string;
  exec?: unknown;
}

/**
 * The server of the current context. Files that the document names are taken from `files`. Throws 400 naming what is
 * missing.
 */
export function webhookClient(
  document: Record<string, unknown>,
  files: Readonly<Record<string, string>>,
): WebhookClient {
  const { clusters = [], users = [], contexts = [], 'current-context': current = '' } = document as Kubeconfig;
  const context = contexts.find(({ name }) => name === current)?.context;
  if (!context) throw badRequest(`invalid configuration: context was not found for specified context: ${current}`);
  const cluster = clusters.find(({ name }) => name === context.cluster)?.cluster;
  if (!cluster?.server) throw badRequest('invalid configuration: no server found for the cluster of the context');
  const user = users.find(({ name }) => name === context.user)?.user ?? {};
  if (user.exec !== undefined) throw badRequest('invalid configuration: exec plugins cannot run in the control plane');
  const part = (data: string | undefined, path: string | undefined): string | undefined => {
    if (data !== undefined) return fromBase64(data);
    if (path === undefined) return undefined;
    return files[path] ?? missingFile(path);
  };
  const caBundle = part(cluster['certificate-authority-data'], cluster['certificate-authority']);
  const certificate = part(user['client-certificate-data'], user['client-certificate']);
  const key = part(user['client-key-data'], user['client-key']);
  const token = user.token ?? part(undefined, user.tokenFile)?.trim();
  const basic = user.username === undefined ? undefined : `Basic ${btoa(`${user.username}:${user.password ?? ''}`)}`;
  const authorization = token === undefined ? basic : `Bearer ${token}`;
  return {
    url: cluster.server,
    ...(caBundle === undefined ? {} : { caBundle }),
    ...(cluster['insecure-skip-tls-verify'] === true ? { insecure: true } : {}),
    ...(certificate !== undefined && key !== undefined ? { clientCertificate: { certificate, key } } : {}),
    ...(authorization === undefined ? {} : { authorization }),
  };
}

/** Sends `body` as JSON; throws an OutboundError when no answer came. */
export function postJson(
  outbound: Outbound,
  { url, authorization, ...trust }: WebhookClient,
  { body, ...limits }: { body: string } & Pick<OutboundOptions, 'timeoutMs' | 'maxBytes'>,
): Promise<Response> {
  const headers = {
    ...{ 'Content-Type': 'application/json', Accept: 'application/json', 'User-Agent': 'kedge' },
    ...(authorization === undefined ? {} : { Authorization: authorization }),
  };
  return outbound.call({ url }, { request: { method: 'POST', headers, body }, ...trust, ...limits });
}

function fromBase64(data: string): string {
  try {
    return atob(data);
  } catch {
    throw badRequest('invalid configuration: data is not base64');
  }
}

function missingFile(path: string): never {
  throw badRequest(`invalid configuration: unable to read ${path}: the file was not given with the document`);
}
