/** The OpenAPI documents. Upstream: kube-openapi/pkg/handler, handler3. */
import type { Hono } from 'hono';
import type { ChainEnv } from '../chain.ts';
import { createOpenApiDocuments } from '../documents/index.ts';
import { pageNotFound } from '../errors.ts';
import { compressible } from '../respond/compress.ts';
import type { RequestScope, ServerParts } from '../scope.ts';

const JSON_TYPE = 'application/json';
/** A document named by its hash never changes. */
const FOR_EVER = 'public, immutable';
const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

export function addOpenApiRoutes(app: Hono<ChainEnv>, parts: ServerParts): void {
  const documents = createOpenApiDocuments(() => parts.kinds.all(), parts.options.gitVersion);
  app.get('/openapi/v2', async (c) => {
    const { scope } = c.var;
    if (!takesJson(scope)) return new Response(null, { status: 406 });
    return answer(scope, await documents.v2(), { 'Content-Type': JSON_TYPE });
  });
  app.get('/openapi/v3', async (c) => {
    return answer(c.var.scope, await documents.index(), { 'Content-Type': 'text/plain; charset=utf-8' });
  });
  app.get('/openapi/v3/*', async (c) => {
    const { scope } = c.var;
    const path = scope.url.pathname.slice('/openapi/v3/'.length).replace(/\/$/, '');
    const text = await documents.v3(path);
    if (text === undefined) return pageNotFound();
    if (!takesJson(scope)) return new Response(null, { status: 406 });
    const headers: Record<string, string> = { 'Content-Type': JSON_TYPE, Vary: 'Accept' };
    const asked = scope.query.get('hash');
    if (asked !== null && asked !== '') {
      const current = hashIn(await documents.index(), path);
      if (asked !== current) return Response.redirect(new URL(`/openapi/v3/${path}?hash=${current}`, scope.url), 301);
      headers['Cache-Control'] = FOR_EVER;
      headers.Expires = new Date(parts.options.clock.now() + YEAR_MS).toUTCString();
    }
    return answer(scope, text, headers);
  });
}

/** The protobuf form of the documents is not served; clients that ask for nothing else fall back on 406. */
function takesJson({ request }: RequestScope): boolean {
  const header = request.headers.get('accept') ?? '';
  return header === '' || header.includes(JSON_TYPE) || header.includes('*/*');
}

function hashIn(index: string, path: string): string {
  const { paths } = JSON.parse(index) as { paths: Record<string, { serverRelativeURL: string }> };
  return paths[path]?.serverRelativeURL.split('hash=')[1] ?? '';
}

function answer(scope: RequestScope, text: string, headers: Record<string, string>): Response {
  return compressible(scope.request, text, { status: 200, headers });
}
