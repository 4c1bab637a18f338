/** HTTP to pods, services and nodes through the API. Upstream: registry/core/{pod,service,node}/rest/subresources.go. */
import { endpointSlices, pods, services } from '../../kinds/index.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { quote } from '../../machinery/quote.ts';
import { badRequest, notFound, StatusError, serviceUnavailable } from '../../machinery/status.ts';
import { decodeStored } from '../encode.ts';
import { type ResourceCall, subjectOf } from '../scope.ts';
import { admissionRequest } from '../verbs/context.ts';
import { loadStored } from '../verbs/get.ts';
import type { SubresourceHandler } from './handler.ts';
import { askNode, type NodeTarget, ownResponse, upgradeOf } from './node-request.ts';

interface PodShape extends KubeObject {
  spec?: {
    nodeName?: string;
    containers?: { ports?: { containerPort: number; protocol?: string; name?: string }[] }[];
  };
  status?: { podIP?: string };
}

interface ServiceShape extends KubeObject {
  spec?: { ports?: { name?: string; port: number }[] };
}

interface SliceShape extends KubeObject {
  ports?: { name?: string; port?: number }[];
  endpoints?: { addresses: string[]; nodeName?: string; conditions?: { ready?: boolean } }[];
}

interface ProxyName {
  scheme: string;
  name: string;
  port: string;
}

const CONNECT_OPTIONS = {
  pods: 'PodProxyOptions',
  services: 'ServiceProxyOptions',
  nodes: 'NodeProxyOptions',
} as Record<string, string>;

export const proxySubresource: SubresourceHandler = {
  async answer(call) {
    const { parts } = call;
    const asked = splitName(call);
    const path = proxiedPath(call);
    const connect = admissionRequest(call, {
      operation: 'CONNECT',
      subresource: 'proxy',
      options: {
        kind: CONNECT_OPTIONS[call.kind.resource],
        apiVersion: 'v1',
        ...(path === '' ? {} : { path }),
      } as never,
      dryRun: false,
    });
    await parts.admission.admit(connect);
    await parts.admission.validate(connect);
    const target = await locate(call, asked);
    if (path === '') {
      const redirect = redirectToRoot(call);
      if (redirect) return redirect;
    }
    const answer = ownResponse(await askNode(call, { ...target, path: restOf(call) }));
    if (answer.status !== 101) rewriteLocation(call, answer);
    return answer;
  },
};

/** The path behind the proxy as admission sees it: with the slash at its end that the client wrote. */
function proxiedPath({ scope }: ResourceCall): string {
  const path = scope.info.rest.length === 0 ? '' : `/${scope.info.rest.join('/')}`;
  return scope.url.pathname.endsWith('/') && !path.endsWith('/') ? `${path}/` : path;
}

/** `[SCHEME:]NAME[:PORT]`. Throws 400. */
function splitName({ kind, name: text }: ResourceCall): ProxyName {
  const parts = text.split(':');
  if (parts.length === 1) return { scheme: '', name: text, port: '' };
  if (parts.length === 2) return { scheme: '', name: parts[0]!, port: parts[1]! };
  if (parts.length === 3 && (parts[0] === 'http' || parts[0] === 'https' || parts[0] === '')) {
    return { scheme: parts[0], name: parts[1]!, port: parts[2]! };
  }
  throw badRequest(`invalid ${kind.singular} request ${quote(text)}`);
}

function locate(call: ResourceCall, asked: ProxyName): Promise<Omit<NodeTarget, 'path'>> {
  if (call.kind.storedAs === pods.storedAs) return locatePod(call, asked);
  if (call.kind.storedAs === services.storedAs) return locateService(call, asked);
  return locateNode(call, asked);
}

async function locatePod(call: ResourceCall, { scheme, name, port }: ProxyName): Promise<Omit<NodeTarget, 'path'>> {
  const pod = decodeStored(call.kind, (await loadStored(call, { name })).text) as PodShape;
  const ip = pod.status?.podIP;
  if (!pod.spec?.nodeName || !ip) throw badRequest('address not allowed');
  const first = pod.spec.containers
    ?.flatMap(({ ports = [] }) => ports)
    .find(({ protocol = 'TCP' }) => protocol === 'TCP');
  const dial = hostPort(ip, port === '' ? (first?.containerPort ?? 80) : portNumber(port));
  return { node: pod.spec.nodeName, dial, tls: scheme === 'https' };
}

async function locateService(call: ResourceCall, { scheme, name, port }: ProxyName): Promise<Omit<NodeTarget, 'path'>> {
  const service = decodeStored(call.kind, (await loadStored(call, { name })).text) as ServiceShape;
  const wanted = servicePort(service, port);
  if (!wanted) throw noPort(call, { name, port });
  const targets: { node: string; dial: string }[] = [];
  const slices = await slicesOf(call, name);
  for (const slice of slices) {
    const number = slice.ports?.find((each) => (each.name ?? '') === (wanted.name ?? ''))?.port;
    for (const { addresses, nodeName, conditions } of slice.endpoints ?? []) {
      if (number !== undefined && nodeName && conditions?.ready !== false && addresses[0]) {
        targets.push({ node: nodeName, dial: hostPort(addresses[0], number) });
      }
    }
  }
  const target = targets[Math.floor(call.parts.options.random.next() * targets.length)];
  if (targets.length === 0 && slices.length === 0) throw notFound(subjectOf(call.kind), name);
  if (!target) throw serviceUnavailable(`no endpoints available for service ${quote(name)}`);
  return { ...target, tls: scheme === 'https' };
}

/** A number is looked for among the ports, a name among those of the endpoints. */
function noPort(call: ResourceCall, { name, port }: Pick<ProxyName, 'name' | 'port'>): StatusError {
  if (/^\d+$/.test(port)) return serviceUnavailable(`no service port ${port} found for service ${quote(name)}`);
  return port === ''
    ? serviceUnavailable(`no service port ${quote(port)} found for service ${quote(name)}`)
    : notFound(subjectOf(call.kind), name);
}

/** A port by name or number; without one, the only port or the unnamed one. */
function servicePort({ spec }: ServiceShape, port: string): { name?: string } | undefined {
  const ports = spec?.ports ?? [];
  if (port === '') return ports.length === 1 ? ports[0] : ports.find(({ name }) => !name);
  return ports.find((each) => each.name === port || String(each.port) === port);
}

async function slicesOf(call: ResourceCall, service: string): Promise<SliceShape[]> {
  const { store } = call.parts.options;
  const page = await store.shardOf(endpointSlices.storedAs).list({
    resource: endpointSlices.storedAs,
    namespace: call.namespace,
    labels: [{ key: 'kubernetes.io/service-name', operator: 'in', values: [service] }],
  });
  return page.ok ? (JSON.parse(`[${page.text}]`) as SliceShape[]) : [];
}

/** The kubelet API of a node; another port of it would reach past the kubelet's own checks. */
async function locateNode(call: ResourceCall, { name, port }: ProxyName): Promise<Omit<NodeTarget, 'path'>> {
  const node = decodeStored(call.kind, (await loadStored(call, { name })).text) as KubeObject & {
    status?: { addresses?: { type: string; address: string }[] };
  };
  if (port !== '' && port !== '10250') throw notFound(subjectOf(call.kind), `${name}:${port}`);
  const addresses = node.status?.addresses ?? [];
  if (addresses.length === 0) throw new StatusError(500, '', 'no preferred addresses found; known addresses: []');
  return { node: name };
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw badRequest(`invalid port ${quote(text)}`);
  return port;
}

function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Pages link relative to a root that ends with a slash. Upstream: proxyRedirectsforRootPath. */
function redirectToRoot({ scope: { request, url } }: ResourceCall): Response | undefined {
  if ((request.method !== 'GET' && request.method !== 'HEAD') || upgradeOf(request) === 'websocket') return undefined;
  return new Response(null, { status: 301, headers: { Location: `${url.pathname}/${url.search}` } });
}

/** The path up to `/proxy` of the resource; objects and namespaces may be called so too. */
function proxyRoot({ kind, scope: { url } }: ResourceCall): string {
  const segments = url.pathname.split('/');
  const at = segments.findIndex(
    (segment, i) =>
      segment === 'proxy' &&
      segments[i - 2] === kind.resource &&
      (!kind.namespaced || segments[i - 4] === 'namespaces'),
  );
  return segments.slice(0, at + 1).join('/');
}

/** Path and query behind `/proxy`, as the client wrote them. */
function restOf(call: ResourceCall): string {
  const { url } = call.scope;
  const rest = url.pathname.slice(proxyRoot(call).length);
  return `${rest === '' ? '/' : rest}${url.search}`;
}

/** Redirects of the other side lead back through the proxy. */
function rewriteLocation(call: ResourceCall, answer: Response): void {
  const location = answer.headers.get('location');
  if (location === null || !location.startsWith('/') || location.startsWith('//')) return;
  answer.headers.set('location', `${proxyRoot(call)}${location}`);
}
