/** /healthz, /livez, /readyz. Upstream: server/healthz/healthz.go. */
import type { Hono } from 'hono';
import { quote } from '../../machinery/quote.ts';
import type { ChainEnv } from '../chain-env.ts';
import { textResponse } from '../errors.ts';
import type { RequestScope, ServerParts } from '../scope.ts';

interface Check {
  name: string;
  run(): Promise<void>;
}

const ok = async (): Promise<void> => undefined;

/** Milliseconds for which an answer of storage stands for its health. Upstream: etcd healthcheck limiter, a second. */
const STORAGE_CHECK_MS = 1_000;

/** Asks storage for a sign of life, unless it gave one within the last second. */
function storageCheck({ options }: ServerParts): Check {
  let aliveAt = Number.NEGATIVE_INFINITY;
  return {
    name: 'etcd',
    async run() {
      const now = options.clock.now();
      if (now - aliveAt < STORAGE_CHECK_MS) return;
      await options.store.shardOf('namespaces').revision();
      aliveAt = now;
    },
  };
}

/** Checks of an endpoint, in the order upstream lists them. */
function checksOf(parts: ServerParts, endpoint: string, storage: Check): Check[] {
  const config: Check = {
    name: 'informer-sync',
    async run() {
      await parts.config.fresh();
    },
  };
  const bootstrapped: Check = {
    name: 'poststarthook/rbac/bootstrap-roles',
    async run() {
      const config = await parts.config.fresh();
      if (!config.get('clusterroles.rbac.authorization.k8s.io', '', 'cluster-admin')) throw new Error('not finished');
    },
  };
  const common: Check[] = [{ name: 'ping', run: ok }, { name: 'log', run: ok }, storage];
  return endpoint === 'readyz' ? [...common, config, bootstrapped] : common;
}

/** Answers a GET of one path. */
export type DirectAnswer = (scope: RequestScope) => Promise<Response>;

/** Adds the endpoints and their single checks; what comes back answers the endpoints themselves. */
export function addHealthRoutes(app: Hono<ChainEnv>, parts: ServerParts): ReadonlyMap<string, DirectAnswer> {
  const storage = storageCheck(parts);
  const endpoints = new Map<string, DirectAnswer>();
  for (const endpoint of ['healthz', 'livez', 'readyz']) {
    const checks = checksOf(parts, endpoint, storage);
    const answer: DirectAnswer = (scope) => answerAll(checks, endpoint, scope);
    endpoints.set(`/${endpoint}`, answer);
    app.all(`/${endpoint}`, (c) => answer(c.env.scope));
    app.all(`/${endpoint}/*`, async (c) => {
      const name = c.env.scope.info.path.slice(endpoint.length + 2);
      const check = checks.find((each) => each.name === name);
      if (!check) return textResponse(404, '404 page not found\n');
      const failure = await failureOf(check);
      return failure === undefined ? textResponse(200, 'ok') : textResponse(500, `internal server error: ${failure}\n`);
    });
  }
  return endpoints;
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
    const failure = await failureOf(check);
    if (failure !== undefined) failed = true;
    lines.push(failure === undefined ? `[+]${check.name} ok` : `[-]${check.name} failed: reason withheld`);
  }
  const notes =
    excluded.size > 0
      ? [
          `warn: some health checks cannot be excluded: no matches for ${[...excluded].map((name) => quote(name)).join(', ')}`,
        ]
      : [];
  if (failed) return textResponse(500, `${[...lines, ...notes, `${endpoint} check failed`].join('\n')}\n`);
  if (!scope.query.has('verbose')) return textResponse(200, 'ok');
  return textResponse(200, `${[...lines, ...notes, `${endpoint} check passed`].join('\n')}\n`);
}

async function failureOf(check: Check): Promise<string | undefined> {
  try {
    await check.run();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
