/** A whole API server on storage in memory, in one process, with time and randomness under the test's control. */
import { createHash } from 'node:crypto';
import type { Clock } from '../../src/base/clock.ts';
import type { Random } from '../../src/base/random.ts';
import type { KubeObject } from '../../src/machinery/meta.ts';
import type { ClusterKeys, Logger, NodeConnector, Server, ServerOptions, UserInfo } from '../../src/server/contract.ts';
import { createServer, type Outbound, type OutboundDeps } from '../../src/server/index.ts';
import type { ServerParts } from '../../src/server/scope.ts';
import { createMemoryStore } from '../../src/storage/index.ts';
import { createManualClock, type ManualClock } from './manual-clock.ts';
import { createSeededRandom } from './seeded-random.ts';
import { TEST_SETTINGS } from './strategy-context.ts';

export const ADMIN_TOKEN = 'admin-token-of-the-tests';

export interface TestClusterOptions {
  nodes?: NodeConnector;
  acceptWebSocket?: NonNullable<ServerOptions['acceptWebSocket']>;
  parts?: Partial<ServerParts>;
  /** Further parts of the host. */
  host?: Partial<ServerOptions>;
  /** How webhooks are called; by default nobody can be. */
  outbound?: (deps: Pick<OutboundDeps, 'store' | 'nodes' | 'clock' | 'random'>) => Outbound;
  /** Creates the bootstrap objects; off by default, the administrator needs none of them. */
  bootstrap?: boolean;
  clock?: Clock;
  random?: Random;
  log?: Logger;
  auditLog?: NonNullable<ServerOptions['auditLog']>;
  waitUntil?: NonNullable<ServerOptions['waitUntil']>;
}

/** One answer, parsed. */
export interface Reply<T = KubeObject> {
  status: number;
  headers: Headers;
  text: string;
  body: T;
}

export interface RequestInput {
  body?: unknown;
  headers?: Record<string, string>;
  /** Content type of the body. */
  type?: string;
  accept?: string;
  /** Acts as this user, in process; the administrator's token is the default. */
  as?: UserInfo;
}

export interface TestCluster {
  server: Server;
  options: ServerOptions;
  clock: ManualClock;
  /** Sends `METHOD PATH` and parses the JSON answer. */
  send<T = KubeObject>(request: string, input?: RequestInput): Promise<Reply<T>>;
  fetch(request: string, input?: RequestInput): Promise<Response>;
}

const noNodes: NodeConnector = {
  async fetch(node) {
    throw new Error(`node ${node} has no tunnel`);
  },
  lastSeen: async () => new Map(),
};

export const silentLog: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

const PATCH_TYPES: Record<string, string> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

/** A cluster without nodes and controllers. */
export async function createTestCluster(input: TestClusterOptions = {}): Promise<TestCluster> {
  const clock = createManualClock();
  const options: ServerOptions = {
    cluster: 'test',
    settings: TEST_SETTINGS,
    gitVersion: 'v1.36.0+kedge-test',
    store: createMemoryStore(),
    nodes: input.nodes ?? noNodes,
    ...(input.acceptWebSocket ? { acceptWebSocket: input.acceptWebSocket } : {}),
    ...(input.auditLog ? { auditLog: input.auditLog } : {}),
    ...(input.waitUntil ? { waitUntil: input.waitUntil } : {}),
    keys: () => testKeys(),
    adminTokenHash: createHash('sha256').update(ADMIN_TOKEN).digest('hex'),
    clock: input.clock ?? clock,
    random: input.random ?? createSeededRandom(1),
    log: input.log ?? silentLog,
    ...input.host,
  };
  if (input.outbound) options.outbound = input.outbound(options);
  const server = createServer(options, input.parts);
  if (input.bootstrap) await server.bootstrap();
  const fetch = (request: string, given: RequestInput = {}): Promise<Response> =>
    server.fetch(toRequest(request, given), given.as);
  return {
    server,
    options,
    clock,
    fetch,
    async send<T>(request: string, given: RequestInput = {}) {
      const response = await fetch(request, given);
      const text = await response.text();
      const json = response.headers.get('content-type') === 'application/json';
      return {
        status: response.status,
        headers: response.headers,
        text,
        body: (json ? JSON.parse(text) : undefined) as T,
      };
    },
  };
}

/** `METHOD PATH` as a request of the administrator. */
export function toRequest(line: string, { body, headers, type, accept, as }: RequestInput): Request {
  const space = line.indexOf(' ');
  const method = line.slice(0, space);
  const all: Record<string, string> = {
    'User-Agent': 'test',
    ...(as ? {} : { Authorization: `Bearer ${ADMIN_TOKEN}` }),
    ...headers,
  };
  if (accept !== undefined) all.Accept = accept;
  if (body !== undefined)
    all['Content-Type'] =
      PATCH_TYPES[type ?? ''] ?? type ?? (method === 'PATCH' ? PATCH_TYPES.merge! : 'application/json');
  const payload = body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body);
  return new Request(`http://cluster.test${line.slice(space + 1)}`, { method, headers: all, body: payload });
}

let keys: Promise<ClusterKeys> | undefined;

/** One signing key for all tests of a process. */
export function testKeys(): Promise<ClusterKeys> {
  keys ??= generateKeys();
  return keys;
}

async function generateKeys(): Promise<ClusterKeys> {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const jwk = await crypto.subtle.exportKey('jwk', pair.privateKey);
  return {
    caCertificate: '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n',
    caKey: '',
    serviceAccountKeys: [{ ...jwk, alg: 'ES256', kid: 'test' } as ClusterKeys['serviceAccountKeys'][number]],
  };
}
