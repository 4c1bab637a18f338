/** Paths that are no resources: version, metrics, the list of paths, OpenID discovery. */
import type { Hono } from 'hono';
import { StatusError } from '../../machinery/status.ts';
import type { ChainEnv } from '../chain-env.ts';
import { answerConfiguration } from '../configuration/routes.ts';
import { methodNotAllowed, pageNotFound, textResponse } from '../errors.ts';
import { requireJson } from '../negotiation/accept.ts';
import type { ServerParts } from '../scope.ts';
import { versionInfo } from './version.ts';

const NO_CACHE = { 'Cache-Control': 'no-cache, private' };

export function addRootRoutes(app: Hono<ChainEnv>, parts: ServerParts): void {
  app.get('/version', (c) => {
    requireJson(c.env.scope.request);
    return c.body(`${JSON.stringify(versionInfo(parts.options.gitVersion), null, 2)}`, 200, {
      ...NO_CACHE,
      'Content-Type': 'application/json',
    });
  });
  app.all('/version', () => {
    throw methodNotAllowed();
  });
  app.get('/metrics', (c) =>
    c.body(
      parts.metrics.render() + parts.flow.render() + parts.auditing.render() + parts.metrics.webhooks.render(),
      200,
      {
        ...NO_CACHE,
        'Content-Type': 'text/plain; version=0.0.4; charset=utf-8',
      },
    ),
  );
  for (const path of ['/kedge/v1/configuration', '/kedge/v1/configuration/:name']) {
    app.all(path, (c) => {
      const { request, user } = c.env.scope;
      return answerConfiguration({ request, user, given: c.req.param('name') ?? '' }, parts);
    });
  }
  app.get('/debug/api_priority_and_fairness/:name', (c) => {
    const text = parts.flow.dump(c.req.param('name'));
    return text === undefined ? pageNotFound() : textResponse(200, text);
  });
  app.all('/', (c) =>
    c.body(JSON.stringify({ paths: rootPaths(parts) }, null, 2), 200, {
      ...NO_CACHE,
      'Content-Type': 'application/json',
    }),
  );
  app.get('/.well-known/openid-configuration', async (c) =>
    c.body(JSON.stringify(await parts.openId.configuration()), 200, {
      'Cache-Control': 'public, max-age=3600',
      'Content-Type': 'application/json',
    }),
  );
  app.get('/openid/v1/jwks', async (c) => {
    requireKeySet(c.env.scope.request);
    return c.body(JSON.stringify(await parts.openId.keys()), 200, {
      'Cache-Control': 'public, max-age=3600',
      'Content-Type': KEY_SET,
    });
  });
}

const KEY_SET = 'application/jwk-set+json';

/** Keys come in their own media type alone: a client that takes nothing but JSON is refused. */
function requireKeySet(request: Request): void {
  const accept = request.headers.get('accept') ?? '';
  const types = accept.split(',').map((clause) => clause.split(';')[0]?.trim());
  if (accept === '' || types.some((type) => type === KEY_SET || type === 'application/*' || type === '*/*')) return;
  throw new StatusError(406, 'NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${KEY_SET}`, {});
}

/** What the root lists. Upstream: server/routes/index.go. */
function rootPaths(parts: ServerParts): string[] {
  const paths = new Set<string>([
    '/.well-known/openid-configuration',
    '/api',
    '/apis',
    '/healthz',
    '/livez',
    '/metrics',
    '/openapi/v2',
    '/openapi/v3',
    '/openid/v1/jwks',
    '/readyz',
    '/version',
    '/',
  ]);
  for (const check of ['ping', 'log', 'etcd'])
    for (const endpoint of ['healthz', 'livez', 'readyz']) paths.add(`/${endpoint}/${check}`);
  paths.add('/readyz/informer-sync');
  for (const kind of parts.kinds.all()) {
    if (kind.group === '') paths.add(`/api/${kind.version}`);
    else {
      paths.add(`/apis/${kind.group}`);
      paths.add(`/apis/${kind.group}/${kind.version}`);
    }
  }
  return [...paths].sort();
}
