/** Whether an extension API server can be used, as a condition. Upstream: kube-aggregator/pkg/controllers/status/remote. */
import type { EndpointSlice } from '../../kinds/index.ts';
import { quote } from '../../machinery/quote.ts';
import type { Store } from '../../storage/contract.ts';
import { readService, readSlices } from '../outbound/index.ts';
import { pathOf, type RemoteApi } from './api-index.ts';
import { setIdentity } from './identity.ts';
import { callApi, type ProxyDeps } from './proxy.ts';

export interface Availability {
  status: 'True' | 'False';
  reason: string;
  message: string;
}

export const LOCAL: Availability = {
  status: 'True',
  reason: 'Local',
  message: 'Local APIServices are always available',
};

const TIMEOUT_MS = 5_000;
const MAX_BYTES = 1024 * 1024;
/** May ask everything, so that the answer tells of the server and not of rights. */
const CHECKER = { name: 'system:kube-aggregator', groups: ['system:masters'] };

const failed = (reason: string, message: string): Availability => ({ status: 'False', reason, message });

export async function checkAvailability(
  api: RemoteApi,
  deps: Pick<ProxyDeps, 'outbound' | 'identity'> & { store: Store },
): Promise<Availability> {
  const { name, namespace, port } = api.service;
  const where = `service/${name} in ${quote(namespace)}`;
  const service = await readService(deps.store, api.service);
  if (!service) return failed('ServiceNotFound', `${where} is not present`);
  const { type = 'ClusterIP', clusterIP = '', externalName = '', ports } = service.spec ?? {};
  if (type === 'ClusterIP') {
    const wanted = ports?.find((each) => each.port === port);
    if (!wanted) return failed('ServicePortError', `${where} is not listening on port ${port}`);
    const fault = endpointFault(await readSlices(deps.store, api.service), { where, portName: wanted.name ?? '' });
    if (fault) return fault;
  }
  const host = type === 'ExternalName' ? externalName : clusterIP;
  const url = `https://${host.includes(':') ? `[${host}]` : host}:${port}${pathOf(api)}`;
  const why = await discoveryFault(api, deps, url);
  if (why !== undefined) return failed('FailedDiscoveryCheck', `failing or missing response from ${url}: ${why}`);
  return { status: 'True', reason: 'Passed', message: 'all checks passed' };
}

function endpointFault(
  slices: readonly EndpointSlice[],
  { where, portName }: { where: string; portName: string },
): Availability | undefined {
  if (slices.length === 0) return failed('EndpointsNotFound', `cannot find endpointslices for ${where}`);
  const isUsable = ({ endpoints, ports }: EndpointSlice): boolean =>
    (endpoints ?? []).some(({ conditions }) => conditions?.ready !== false) &&
    (ports ?? []).some((port) => (port.name ?? '') === portName && typeof port.port === 'number');
  if (slices.some(isUsable)) return undefined;
  return failed('MissingEndpoints', `endpointslices for ${where} have no addresses with port name ${quote(portName)}`);
}

/** Why the server does not say what it offers; undefined when it does. */
async function discoveryFault(
  api: RemoteApi,
  deps: Pick<ProxyDeps, 'outbound' | 'identity'>,
  url: string,
): Promise<string | undefined> {
  const headers = new Headers({ accept: 'application/json' });
  const lines = setIdentity(headers, CHECKER);
  try {
    const response = await callApi(api, deps, {
      path: pathOf(api),
      request: { method: 'GET', headers, lines },
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_BYTES,
    });
    await response.body?.cancel();
    return response.ok ? undefined : `bad status from ${url}: ${response.status}`;
  } catch (error) {
    return `Get ${quote(url)}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
