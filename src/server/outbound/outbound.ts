/** Sends calls to servers that users name, over whatever can reach and verify them. Decision 11 says why these ways. */
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { nodes as nodeKind } from '../../kinds/index.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import type { Store } from '../../storage/contract.ts';
import type { NodeConnector } from '../contract.ts';
import { bounded } from './bounded.ts';
import {
  type Outbound,
  OutboundError,
  type OutboundOptions,
  type OutboundTarget,
  type ServiceTarget,
} from './contract.ts';
import { type Dialling, dialError, dialRequest } from './dial-request.ts';
import { createServiceLocator } from './endpoints.ts';
import { checkedUrl, checkHost, type OpenAddresses } from './policy.ts';

/** Takes requests as a node's agent does, with headers that say where they go on to and how the other side is verified. */
export interface Dialer {
  fetch(request: Request): Promise<Response>;
}

export interface OutboundDeps {
  store: Store;
  nodes: NodeConnector;
  clock: Clock;
  random: Random;
  /** Dials beside the control plane, as `kedge up` does; without it, what needs a verified authority goes through a node. */
  dialer?: Dialer;
  /** The host's own way to the public internet; used where there is no dialer. */
  fetch(request: Request): Promise<Response>;
  /** What URLs may lead to besides public addresses. */
  open: OpenAddresses;
}

type Send = (dialling: Dialling) => Promise<Response>;

export function createOutbound(deps: OutboundDeps): Outbound {
  const { nodes, clock, dialer, open } = deps;
  const locator = createServiceLocator(deps);
  const anyNode = createNodeChoice(deps);
  const allow = ['public', ...open];
  const throughNode =
    (node: string): Send =>
    async (dialling) =>
      nodes.fetch(node, dialRequest(dialling));
  /** To an address that is not of a pod: beside the control plane, or from a node. */
  const beside = async (dialling: Dialling): Promise<Response> => {
    const send: Send = dialer ? (each) => dialer.fetch(dialRequest(each)) : throughNode(await anyNode());
    return answerOf(send, { ...dialling, allow });
  };
  const callUrl = async (text: string, options: OutboundOptions, signal: AbortSignal): Promise<Response> => {
    const url = checkedUrl(text, open);
    const { caBundle, insecure, clientCertificate } = options;
    const dialling = { options, signal, authority: url.host, path: url.pathname + url.search, dial: withPort(url) };
    if (dialer || caBundle !== undefined || insecure || clientCertificate) return beside(dialling);
    return fetchPlain(deps, url, { options, signal });
  };
  const callService = async (service: ServiceTarget, options: OutboundOptions, signal: AbortSignal) => {
    const { namespace, name, port, path = '/' } = service;
    const serverName = `${name}.${namespace}.svc`;
    const to = { options, signal, authority: `${serverName}:${port}`, path, serverName };
    const location = await locator.locate(service);
    if ('external' in location) {
      checkHost(location.external, String(port), open);
      return beside({ ...to, dial: `${location.external}:${port}` });
    }
    const once = options.request.body instanceof ReadableStream;
    let failure: OutboundError | undefined;
    for (const { node, address } of once ? location.endpoints.slice(0, 1) : location.endpoints) {
      try {
        const dialling = { ...to, dial: address };
        return await (node === undefined ? beside(dialling) : answerOf(throughNode(node), dialling));
      } catch (error) {
        // Only what cannot have reached anybody may be sent elsewhere.
        if (!(error instanceof Unconnected) || signal.aborted) throw error;
        failure = error;
      }
    }
    throw failure ?? new OutboundError('unreachable', `no endpoints available for service ${JSON.stringify(name)}`);
  };
  return {
    call(target: OutboundTarget, options: OutboundOptions) {
      const { timeoutMs, maxBytes, request } = options;
      return bounded({ clock, timeoutMs, maxBytes, signal: request.signal }, (signal) =>
        'url' in target ? callUrl(target.url, options, signal) : callService(target.service, options, signal),
      );
    },
  };
}

/** Nothing was sent. */
class Unconnected extends OutboundError {}

async function answerOf(send: Send, dialling: Dialling): Promise<Response> {
  let response: Response;
  try {
    response = await send(dialling);
  } catch (error) {
    if (dialling.signal.aborted) throw dialling.signal.reason;
    throw new Unconnected('unreachable', error instanceof Error ? error.message : String(error));
  }
  const failure = await dialError(response);
  if (failure === undefined) return response;
  throw failure.connected
    ? new OutboundError('unreachable', failure.message)
    : new Unconnected('unreachable', failure.message);
}

async function fetchPlain(
  { fetch }: OutboundDeps,
  url: URL,
  { options, signal }: { options: OutboundOptions; signal: AbortSignal },
): Promise<Response> {
  const { method, headers, body } = options.request;
  try {
    return await fetch(
      new Request(url, {
        method,
        headers: new Headers(headers),
        redirect: 'manual',
        signal,
        ...(body === undefined || body === null ? {} : { body, duplex: 'half' }),
      } as RequestInit),
    );
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw new OutboundError('unreachable', error instanceof Error ? error.message : String(error));
  }
}

const withPort = (url: URL): string => `${url.hostname}:${url.port || '443'}`;

const CHOICE_MS = 10_000;
const MAX_NODES = 100;
const NO_NODE =
  'no node of the cluster is connected, and only a node can verify a server by an authority that is not public';

/** The node that was heard of last, asked anew after some seconds. */
function createNodeChoice({ store, nodes, clock }: OutboundDeps): () => Promise<string> {
  let chosen: { name: string; at: number } | undefined;
  return async () => {
    const at = clock.now();
    if (chosen && at - chosen.at < CHOICE_MS) return chosen.name;
    const { storedAs } = nodeKind;
    const page = await store.shardOf(storedAs).list({ resource: storedAs, limit: MAX_NODES });
    const objects = page.ok ? (JSON.parse(`[${page.text}]`) as KubeObject[]) : [];
    const seen = await nodes.lastSeen(objects.map(({ metadata }) => metadata.name ?? ''));
    const [latest] = [...seen].sort(([, a], [, b]) => b - a);
    if (!latest) throw new OutboundError('unreachable', NO_NODE);
    chosen = { name: latest[0], at };
    return chosen.name;
  };
}
