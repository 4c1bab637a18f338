/** Paths that are no resources: version, metrics, the list of paths, OpenID discovery. */
import type { Hono } from 'hono';
import type { ChainEnv } from '../chain-env.ts';
import { answerConfiguration } from '../configuration/routes.ts';
import { methodNotAllowed, pageNotFound, resourceNotFound, textResponse } from '../errors.ts';
import { requireTypes } from '../negotiation/accept.ts';
import type { RequestScope, ServerParts } from '../scope.ts';
import { healthPaths } from './health.ts';
import { versionInfo } from './version.ts';

const NO_CACHE = { 'Cache-Control': 'no-cache, private' };

export function addRootRoutes(app: Hono<ChainEnv>, parts: ServerParts): void {
  for (const path of ['/version', '/version/']) {
    app.all(path, (c) => {
      requireGet(c.env.scope, 'application/json');
      return c.body(`${JSON.stringify(versionInfo(parts.options.gitVersion), null, 2)}`, 200, {
        ...NO_CACHE,
        'Content-Type': 'application/json',
      });
    });
  }
  app.all('/version/*', () => {
    throw resourceNotFound();
  });
  app.all('/metrics', (c) =>
    c.body(
      parts.metrics.render() + parts.flow.render() + parts.auditing.render() + parts.metrics.webhooks.render(),
      200,
      {
        ...NO_CACHE,
        'Content-Type': 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores',
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
  for (const path of ['/', '/index.html']) {
    app.all(path, (c) =>
      c.body(JSON.stringify({ paths: rootPaths(parts) }, null, 2), 200, {
        ...NO_CACHE,
        'Content-Type': 'application/json',
      }),
    );
  }
  addOpenIdRoutes(app, parts);
}

function addOpenIdRoutes(app: Hono<ChainEnv>, { openId }: ServerParts): void {
  const documents = [
    { path: '/.well-known/openid-configuration', type: 'application/json', read: () => openId.configuration() },
    // Keys come in their own media type alone: a client that takes nothing but JSON is refused.
    { path: '/openid/v1/jwks', type: 'application/jwk-set+json', read: () => openId.keys() },
  ];
  for (const { path, type, read } of documents) {
    for (const each of [path, `${path}/`]) {
      app.all(each, async (c) => {
        requireGet(c.env.scope, type);
        return c.body(JSON.stringify(await read()), 200, {
          'Cache-Control': 'public, max-age=3600',
          'Content-Type': type,
        });
      });
    }
  }
}

/** What the router asks of a request for a document of one type. Throws 405 and 406. */
function requireGet({ request }: RequestScope, mediaType: string): void {
  if (request.method !== 'GET') throw methodNotAllowed();
  requireTypes(request, [mediaType]);
}

/** What the root lists. Upstream: server/routes/index.go. */
function rootPaths(parts: ServerParts): string[] {
  const paths = new Set<string>([
    '/.well-known/openid-configuration',
    '/api',
    '/apis',
    '/apis/',
    '/metrics',
    '/openapi/v2',
    '/openapi/v3',
    '/openapi/v3/',
    '/openid/v1/jwks',
    '/version',
    ...healthPaths(),
  ]);
  for (const kind of parts.kinds.all()) {
    if (kind.group === '') paths.add(`/api/${kind.version}`);
    else {
      paths.add(`/apis/${kind.group}`);
      paths.add(`/apis/${kind.group}/${kind.version}`);
    }
  }
  return [...paths].sort();
}
