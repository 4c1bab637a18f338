/** /healthz, /livez, /readyz. Upstream: server/healthz/healthz.go. */
import type { Hono } from 'hono';
import { quote } from '../../machinery/quote.ts';
import type { ChainEnv } from '../chain-env.ts';
import { pageNotFound, textResponse } from '../errors.ts';
import type { RequestScope, ServerParts } from '../scope.ts';

interface Check {
  name: string;
  /** Absent for what is in order whenever the server answers at all. */
  run?(): Promise<void>;
}

/** Milliseconds for which an answer of storage stands for its health. Upstream: etcd healthcheck limiter, a second. */
const STORAGE_CHECK_MS = 1_000;

/** Asks storage for a sign of life, unless it gave one within the last second. */
function storageCheck({ options }: ServerParts): () => Promise<void> {
  let aliveAt = Number.NEGATIVE_INFINITY;
  return async () => {
    const now = options.clock.now();
    if (now - aliveAt < STORAGE_CHECK_MS) return;
    await options.store.shardOf('namespaces').revision();
    aliveAt = now;
  };
}

/** What upstream starts and checks, in its order. Here it is done before the first answer, but for the roles. */
const STARTED = [
  'poststarthook/start-apiserver-admission-initializer',
  'poststarthook/generic-apiserver-start-informers',
  'poststarthook/priority-and-fairness-config-consumer',
  'poststarthook/priority-and-fairness-filter',
  'poststarthook/storage-object-count-tracker-hook',
  'poststarthook/start-apiextensions-informers',
  'poststarthook/start-apiextensions-controllers',
  'poststarthook/crd-informer-synced',
  'poststarthook/start-system-namespaces-controller',
  'poststarthook/peer-endpoint-reconciler-controller',
  'poststarthook/start-cluster-authentication-info-controller',
  'poststarthook/start-kube-apiserver-identity-lease-controller',
  'poststarthook/start-kube-apiserver-identity-lease-garbage-collector',
  'poststarthook/storage-readiness',
  'poststarthook/start-legacy-token-tracking-controller',
  'poststarthook/start-service-ip-repair-controllers',
  'poststarthook/rbac/bootstrap-roles',
  'poststarthook/scheduling/bootstrap-system-priority-classes',
  'poststarthook/priority-and-fairness-config-producer',
  'poststarthook/bootstrap-controller',
  'poststarthook/start-kubernetes-service-cidr-controller',
  'poststarthook/start-kube-aggregator-informers',
  'poststarthook/apiservice-status-local-available-controller',
  'poststarthook/apiservice-status-remote-available-controller',
  'poststarthook/apiservice-registration-controller',
  'poststarthook/apiservice-discovery-controller',
  'poststarthook/kube-apiserver-autoregistration',
  'autoregister-completion',
  'poststarthook/apiservice-openapi-controller',
  'poststarthook/apiservice-openapiv3-controller',
];

/** By endpoint, the names of its checks in upstream's order. */
const CHECKS: Readonly<Record<string, readonly string[]>> = {
  healthz: ['ping', 'log', 'loopback-serving-certificate', 'etcd', ...STARTED],
  livez: ['ping', 'log', 'loopback-serving-certificate', 'etcd', ...STARTED],
  readyz: ['ping', 'log', 'etcd', 'etcd-readiness', 'informer-sync', ...STARTED, 'shutdown'],
};

/** The paths of the endpoints and of their checks. */
export function healthPaths(): string[] {
  return Object.entries(CHECKS).flatMap(([endpoint, names]) => [
    `/${endpoint}`,
    ...names.map((name) => `/${endpoint}/${name}`),
  ]);
}

/** What a server has to have done to be ready, though it lives without. */
const READY_ONLY = new Set(['informer-sync', 'poststarthook/rbac/bootstrap-roles']);

/** The checks that can fail, by name. */
function runnersOf(parts: ServerParts): ReadonlyMap<string, () => Promise<void>> {
  const storage = storageCheck(parts);
  return new Map([
    ['etcd', storage],
    ['etcd-readiness', storage],
    [
      'informer-sync',
      async () => {
        await parts.config.fresh();
      },
    ],
    [
      'poststarthook/rbac/bootstrap-roles',
      async () => {
        const config = await parts.config.fresh();
        if (!config.get('clusterroles.rbac.authorization.k8s.io', '', 'cluster-admin')) throw new Error('not finished');
      },
    ],
  ]);
}

/** Answers a GET of one path. */
export type DirectAnswer = (scope: RequestScope) => Promise<Response>;

/** Adds the endpoints and their single checks; what comes back answers the endpoints themselves. */
export function addHealthRoutes(app: Hono<ChainEnv>, parts: ServerParts): ReadonlyMap<string, DirectAnswer> {
  const runners = runnersOf(parts);
  const endpoints = new Map<string, DirectAnswer>();
  for (const [endpoint, names] of Object.entries(CHECKS)) {
    const checks = names.map((name): Check => {
      const run = endpoint === 'readyz' || !READY_ONLY.has(name) ? runners.get(name) : undefined;
      return run ? { name, run } : { name };
    });
    const answer: DirectAnswer = (scope) => answerAll(checks, endpoint, scope);
    endpoints.set(`/${endpoint}`, answer);
    app.all(`/${endpoint}`, (c) => answer(c.env.scope));
    app.all(`/${endpoint}/*`, async (c) => {
      const name = c.env.scope.info.path.slice(endpoint.length + 2);
      const check = checks.find((each) => each.name === name);
      return check ? answerOne(check) : pageNotFound();
    });
  }
  return endpoints;
}

async function answerOne(check: Check): Promise<Response> {
  const failure = await failureOf(check);
  if (failure !== undefined) return textResponse(500, `internal server error: ${failure}\n`);
  const response = textResponse(200, 'ok');
  response.headers.delete('X-Content-Type-Options');
  return response;
}

async function answerAll(checks: readonly Check[], endpoint: string, scope: RequestScope): Promise<Response> {
  const excluded = new Set(scope.query.getAll('exclude'));
  const lines: string[] = [];
  let failed = false;
  for (const check of checks) {
    if (excluded.delete(check.name)) {
      lines.push(`[+]${check.name} excluded: ok`);
      continue;
    }
    const failure = check.run && (await failureOf(check));
    if (failure !== undefined) failed = true;
    lines.push(failure === undefined ? `[+]${check.name} ok` : `[-]${check.name} failed: reason withheld`);
  }
  if (excluded.size > 0) {
    const unknown = [...excluded].sort().map((name) => quote(name));
    lines.push(`warn: some health checks cannot be excluded: no matches for ${unknown.join(',')}`);
  }
  if (failed) return textResponse(500, `${[...lines, `${endpoint} check failed`].join('\n')}\n`);
  if (!scope.query.has('verbose')) return textResponse(200, 'ok');
  return textResponse(200, `${[...lines, `${endpoint} check passed`].join('\n')}\n`);
}

async function failureOf(check: Check): Promise<string | undefined> {
  try {
    await check.run?.();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
