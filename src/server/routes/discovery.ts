/** The documents by which clients find kinds. Upstream: endpoints/discovery, kube-aggregator's handler_apis.go. */
import type { Hono, MiddlewareHandler } from 'hono';
import { mergeDiscovery, mergedGroup, mergeGroups } from '../aggregation/index.ts';
import type { ChainEnv } from '../chain-env.ts';
import { aggregatedDiscovery, coreVersions, groupDocument, groupList, resourceList } from '../documents/index.ts';
import { methodNotAllowed, pageNotFound, resourceNotFound } from '../errors.ts';
import { negotiateDiscovery, negotiateOutput, requireTypes } from '../negotiation/accept.ts';
import { compressible } from '../respond/compress.ts';
import type { RequestScope, ServerParts } from '../scope.ts';

export function addDiscoveryRoutes(app: Hono<ChainEnv>, parts: ServerParts): void {
  const kinds = () => parts.kinds.all();
  app.use('/apis/*', refreshing(parts));
  app.use('/apis', refreshing(parts));
  for (const path of ['/api', '/api/']) {
    app.all(path, async (c) => {
      const { scope } = c.env;
      throughRouter(scope);
      const whole = await aggregated(scope, () => wholeDiscovery(parts, true));
      return whole ?? answer(scope, coreVersions(scope.url.host));
    });
  }
  for (const path of ['/apis', '/apis/']) {
    app.all(path, async (c) => {
      const { scope } = c.env;
      const whole = await aggregated(scope, () => wholeDiscovery(parts, false));
      return whole ?? answer(scope, await wholeGroupList(parts));
    });
  }
  for (const path of ['/apis/:group', '/apis/:group/']) {
    app.all(path, async (c) => {
      const group = c.req.param('group') ?? '';
      const document = mergedGroup(group, await parts.aggregation.index()) ?? groupDocument(kinds(), group);
      return document ? answer(c.env.scope, document) : pageNotFound();
    });
  }
  const versionDocument = (scope: RequestScope, group: string, version: string): Response => {
    const document = resourceList(kinds(), group, version);
    const builtIn = group === '' || kinds().some((kind) => kind.group === group && !kind.itemsCarryType);
    if (!document) {
      if (!builtIn) return pageNotFound();
      throw resourceNotFound();
    }
    if (builtIn) throughRouter(scope);
    return answer(scope, document);
  };
  for (const path of ['/api/:version', '/api/:version/'])
    app.all(path, (c) => versionDocument(c.env.scope, '', c.req.param('version') ?? ''));
  app.all('/api/*', () => {
    throw resourceNotFound();
  });
  for (const path of ['/apis/:group/:version', '/apis/:group/:version/']) {
    app.all(path, async (c) => {
      const [group, version] = [c.req.param('group') ?? '', c.req.param('version') ?? ''];
      const remote = await parts.aggregation.answer(c.env.scope, { group, version });
      return remote ?? versionDocument(c.env.scope, group, version);
    });
  }
}

/** What the router asks of a request for documents that stand behind it. Throws 405 and 406. */
function throughRouter({ request }: RequestScope): void {
  if (request.method !== 'GET') throw methodNotAllowed();
  requireTypes(request);
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

/** The aggregated form, where the client prefers it to the plain ones. */
async function aggregated(scope: RequestScope, read: () => Promise<object>): Promise<Response | undefined> {
  const output = negotiateDiscovery(scope.request);
  if (!output) return undefined;
  const document = await read();
  const digest = await crypto.subtle.digest('SHA-512', new TextEncoder().encode(JSON.stringify(document)));
  const tag = `"${[...new Uint8Array(digest)]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase()}"`;
  const headers: Record<string, string> = { ETag: tag, Vary: 'Accept', 'Cache-Control': 'public' };
  if (scope.request.headers.get('if-none-match') === tag) return new Response(null, { status: 304, headers });
  headers['Content-Type'] = `${output.serializer.mediaType};g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList`;
  return compressible(scope.request, output.serializer.write(document, output.pretty), { status: 200, headers });
}

function answer(scope: RequestScope, value: object): Response {
  const output = negotiateOutput(scope.request, scope.query, { transforms: false, unrouted: true });
  const body = output.serializer.write(value, output.pretty);
  return compressible(scope.request, body, {
    status: 200,
    headers: { 'Content-Type': output.serializer.mediaType, 'Cache-Control': 'no-cache, private' },
  });
}
