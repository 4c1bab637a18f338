/** The documents by which clients find kinds. Upstream: endpoints/discovery. */
import type { Hono, MiddlewareHandler } from 'hono';
import { mergeDiscovery, mergedGroup, mergeGroups } from '../aggregation/index.ts';
import type { ChainEnv } from '../chain-env.ts';
import { aggregatedDiscovery, coreVersions, groupDocument, groupList, resourceList } from '../documents/index.ts';
import { methodNotAllowed, pageNotFound, resourceNotFound } from '../errors.ts';
import { negotiateOutput } from '../negotiation/accept.ts';
import { acceptsGzip, compressible } from '../respond/compress.ts';
import type { RequestScope, ServerParts } from '../scope.ts';

export function addDiscoveryRoutes(app: Hono<ChainEnv>, parts: ServerParts): void {
  const kinds = () => parts.kinds.all();
  app.use('/apis/*', refreshing(parts));
  app.use('/apis', refreshing(parts));
  for (const path of ['/api', '/apis']) {
    app.get(path, async (c) => {
      const { scope } = c.env;
      const core = path === '/api';
      if (wantsAggregated(scope)) return aggregated(scope, await wholeDiscovery(parts, core));
      return answer(scope, core ? coreVersions(scope.url.host) : await wholeGroupList(parts), !core);
    });
  }
  app.all('/apis/:group', async (c) => {
    const group = c.req.param('group');
    const document = mergedGroup(group, await parts.aggregation.index()) ?? groupDocument(kinds(), group);
    return document ? answer(c.env.scope, document) : pageNotFound();
  });
  const versionDocument = (scope: RequestScope, group: string, version: string): Response => {
    const document = resourceList(kinds(), group, version);
    if (!document) {
      const builtIn = kinds().some((kind) => kind.group === group && !kind.itemsCarryType);
      if (group !== '' && !builtIn) return pageNotFound();
      throw resourceNotFound();
    }
    if (scope.request.method !== 'GET') throw methodNotAllowed();
    return answer(scope, document);
  };
  app.all('/api/:version', (c) => versionDocument(c.env.scope, '', c.req.param('version')));
  app.all('/apis/:group/:version', async (c) => {
    const { group, version } = c.req.param();
    const remote = await parts.aggregation.answer(c.env.scope, { group, version });
    return remote ?? versionDocument(c.env.scope, group, version);
  });
}

async function wholeGroupList({ kinds, aggregation }: ServerParts): Promise<object> {
  const document = groupList(kinds.all());
  return { ...document, groups: mergeGroups(document.groups, await aggregation.index()) };
}

async function wholeDiscovery({ kinds, aggregation }: ServerParts, core: boolean): Promise<object> {
  const document = aggregatedDiscovery(kinds.all(), core);
  return core ? document : { ...document, items: await mergeDiscovery(document.items, aggregation) };
}

/** Discovery shows custom resources as they are now. */
function refreshing(parts: ServerParts): MiddlewareHandler<ChainEnv> {
  return async (_, next) => {
    await parts.kinds.refresh();
    await parts.aggregation.catchUp();
    await next();
  };
}

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

function wantsAggregated({ request }: RequestScope): boolean {
  const header = request.headers.get('accept') ?? '';
  return header.split(',').some((clause) => {
    const params = new Set(clause.split(';').map((part) => part.trim()));
    return (
      params.has('application/json') &&
      params.has('g=apidiscovery.k8s.io') &&
      params.has('v=v2') &&
      params.has('as=APIGroupDiscoveryList')
    );
  });
}

async function aggregated(scope: RequestScope, document: object): Promise<Response> {
  const body = JSON.stringify(document);
  const digest = await crypto.subtle.digest('SHA-512', new TextEncoder().encode(body));
  const tag = `"${[...new Uint8Array(digest)]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase()}"`;
  const headers: Record<string, string> = {
    'Content-Type': AGGREGATED,
    ETag: tag,
    Vary: 'Accept',
    'Cache-Control': 'public',
  };
  if (scope.request.headers.get('if-none-match') === tag) return new Response(null, { status: 304, headers });
  if (!acceptsGzip(scope.request)) return new Response(body, { headers });
  return compressible(scope.request, body, { status: 200, headers });
}

function answer(scope: RequestScope, value: object, document = false): Response {
  const output = negotiateOutput(scope.request, scope.query, { transforms: false, document });
  const body = output.serializer.write(value, output.pretty);
  return compressible(scope.request, body, {
    status: 200,
    headers: { 'Content-Type': output.serializer.mediaType, 'Cache-Control': 'no-cache, private' },
  });
}
