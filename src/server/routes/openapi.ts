/** OpenAPI documents. Upstream: kube-openapi pkg/handler, pkg/handler3. */
import type { Hono } from 'hono';
import { StatusError } from '../../machinery/status.ts';
import { mergeOpenApiIndex, mergeOpenApiV2 } from '../aggregation/index.ts';
import type { ChainEnv } from '../chain-env.ts';
import { createOpenApiDocuments } from '../documents/index.ts';
import { compressible } from '../respond/compress.ts';
import type { RequestScope, ServerParts } from '../scope.ts';

export function addOpenApiRoutes(app: Hono<ChainEnv>, parts: ServerParts): void {
  const { kinds, aggregation } = parts;
  const sources = {
    all: () => kinds.all(),
    inVersion: (group: string, version: string) => kinds.loadVersion(group, version),
    everywhere: () => kinds.loadAll(),
  };
  const documents = createOpenApiDocuments(sources, parts.options.gitVersion);
  app.use('/openapi/*', async (_, next) => {
    await kinds.refresh();
    await next();
  });
  app.get('/openapi/v2', async (c) => {
    const { scope } = c.env;
    const text = await mergeOpenApiV2(await documents.v2(), aggregation);
    if ((scope.request.headers.get('accept') ?? '').startsWith(V2_PROTOBUF)) return protobufV2(text);
    requireJson(scope);
    return answer(scope, text, { 'Content-Type': 'application/json' });
  });
  app.get('/openapi/v3', async (c) =>
    answer(c.env.scope, await mergeOpenApiIndex(await documents.index(), aggregation), {
      'Content-Type': 'text/plain; charset=utf-8',
    }),
  );
  app.get('/openapi/v3/*', async (c) => {
    const { scope } = c.env;
    requireJson(scope);
    const path = scope.info.path.slice('/openapi/v3/'.length);
    const remote = await aggregation.answerDocument(scope, path);
    if (remote) return remote;
    const text = await documents.v3(path);
    if (text === undefined)
      return new Response(null, { status: 404, headers: { 'Cache-Control': 'no-cache, private' } });
    const asked = scope.query.get('hash');
    if (asked === null) return answer(scope, text, { 'Content-Type': 'application/json' });
    const current = currentUrl(await documents.index(), path);
    if (current !== undefined && !current.endsWith(`hash=${encodeURIComponent(asked)}`)) {
      return new Response(null, { status: 301, headers: { Location: current } });
    }
    return answer(scope, text, {
      'Content-Type': 'application/json',
      'Cache-Control': 'public, immutable',
      ETag: JSON.stringify(asked),
    });
  });
}

/** The form that client-go's discovery asks for, and it asks for nothing else. */
const V2_PROTOBUF = 'application/com.github.proto-openapi.spec.v2';

async function protobufV2(text: string): Promise<Response> {
  const { encodeOpenApiV2 } = await import('../documents/openapi-v2-protobuf.ts');
  return new Response(encodeOpenApiV2(JSON.parse(text) as object), {
    headers: { 'Content-Type': `${V2_PROTOBUF}.v1.0+protobuf`, 'Cache-Control': 'no-cache, private' },
  });
}

/** The address, with its hash, under which the index offers a document. */
function currentUrl(index: string, path: string): string | undefined {
  const { paths } = JSON.parse(index) as { paths: Record<string, { serverRelativeURL: string } | undefined> };
  return paths[path]?.serverRelativeURL;
}

/** The protobuf form of the documents is asked for by name; a client that takes nothing else is told so. */
function requireJson({ request }: RequestScope): void {
  const accept = request.headers.get('accept') ?? '';
  if (accept === '' || /application\/json|application\/\*|\*\/\*|text\/plain/.test(accept)) return;
  throw new StatusError(406, 'NotAcceptable', 'only the following media types are accepted: application/json');
}

function answer(scope: RequestScope, text: string, headers: Record<string, string>): Response {
  return compressible(scope.request, text, {
    status: 200,
    headers: { 'Cache-Control': 'no-cache, private', ...headers },
  });
}
