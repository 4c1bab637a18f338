/** Passes requests on to extension API servers. Upstream: kube-aggregator/pkg/apiserver/handler_proxy.go. */
import { textResponse } from '../errors.ts';
import type { Outbound } from '../outbound/index.ts';
import { OutboundError } from '../outbound/index.ts';
import { forwardedHeaders, ownResponse } from '../subresources/node-request.ts';
import type { RemoteApi } from './api-index.ts';
import type { ProxiedRequest } from './contract.ts';
import { type FrontProxyIdentity, setIdentity } from './identity.ts';

export interface ProxyDeps {
  outbound: Outbound | undefined;
  identity: FrontProxyIdentity;
  /** Told when the server of an API could not be reached. */
  unreached(api: RemoteApi): void;
}

/** Clients ask all servers what they offer and wait for the slowest. */
const DISCOVERY_TIMEOUT_MS = 5_000;

export const unavailable = (): Response => textResponse(503, 'service unavailable\n');

/** The answer of the extension API server to a request, in the name of its user. */
export async function proxyRequest(asked: ProxiedRequest, api: RemoteApi, deps: ProxyDeps): Promise<Response> {
  const { request, url, info, user } = asked;
  if (!deps.outbound) return unavailable();
  const headers = forwardedHeaders(request);
  // What was compressed for us could not be passed on as it came.
  headers.delete('accept-encoding');
  const lines = setIdentity(headers, user);
  const bodied = request.body !== null && request.method !== 'GET' && request.method !== 'HEAD';
  try {
    const answer = await callApi(api, deps, {
      path: url.pathname + url.search,
      request: {
        method: request.method,
        headers,
        lines,
        ...(bodied ? { body: request.body as ReadableStream<Uint8Array> } : {}),
        signal: request.signal,
      },
      ...(info.isResource ? {} : { timeoutMs: DISCOVERY_TIMEOUT_MS }),
    });
    return ownResponse(answer);
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    deps.unreached(api);
    return textResponse(503, `error trying to reach service: ${error.message}\n`);
  }
}

export interface ApiCall {
  path: string;
  request: Parameters<Outbound['call']>[1]['request'];
  timeoutMs?: number;
  maxBytes?: number;
}

/** Sends a request to the server of an API. Throws OutboundError. */
export async function callApi(
  api: RemoteApi,
  { outbound, identity }: Pick<ProxyDeps, 'outbound' | 'identity'>,
  { path, request, ...limits }: ApiCall,
): Promise<Response> {
  if (!outbound) throw new OutboundError('unreachable', 'this server calls nobody');
  const clientCertificate = await identity.certificate();
  return outbound.call(
    { service: { ...api.service, path } },
    {
      request,
      ...limits,
      ...(api.caBundle === undefined ? {} : { caBundle: api.caBundle }),
      ...(api.insecure ? { insecure: true } : {}),
      ...(clientCertificate ? { clientCertificate } : {}),
    },
  );
}
