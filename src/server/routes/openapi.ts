/** OpenAPI documents. Upstream: kube-openapi pkg/handler, pkg/handler3. */
import type { Hono } from 'hono';
import { mergeOpenApiIndex, mergeOpenApiV2 } from '../aggregation/index.ts';
import type { ChainEnv } from '../chain-env.ts';
import { createOpenApiDocuments } from '../documents/index.ts';
import { covers, parseAccept } from '../negotiation/accept-header.ts';
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
  const tags = new TagCache();
  app.all('/openapi/v2', async (c) => {
    const { scope } = c.env;
    const text = await mergeOpenApiV2(await documents.v2(), aggregation);
    const form = negotiateDocument(scope, [JSON_TYPE, ...V2_PROTOBUF]);
    const headers = { Vary: 'Accept-Encoding, Accept' };
    if (form === undefined) return notAcceptable(headers);
    if (form !== JSON_TYPE) return protobufV2(text, headers);
    const body = { text, tag: await tags.of('v2', text) };
    return answer(scope, body, { ...headers, 'Content-Type': JSON_TYPE });
  });
  app.all('/openapi/v3', async (c) =>
    answer(
      c.env.scope,
      { text: await mergeOpenApiIndex(await documents.index(), aggregation) },
      { 'Content-Type': 'text/plain; charset=utf-8' },
    ),
  );
  app.all('/openapi/v3/*', async (c) => {
    const { scope } = c.env;
    const path = scope.info.path.slice('/openapi/v3/'.length);
    const remote = await aggregation.answerDocument(scope, path);
    if (remote) return remote;
    const text = await documents.v3(path);
    if (text === undefined)
      return new Response(null, { status: 404, headers: { 'Cache-Control': 'no-cache, private' } });
    const headers: Record<string, string> = { Vary: 'Accept', 'Content-Type': JSON_TYPE };
    if (negotiateDocument(scope, [JSON_TYPE]) === undefined) return notAcceptable({ Vary: 'Accept' });
    const current = currentUrl(await documents.index(), path);
    const hash = current?.slice(current.indexOf('hash=') + 'hash='.length);
    const tag = hash === undefined ? await tags.of(path, text) : decodeURIComponent(hash);
    const asked = scope.query.get('hash') ?? '';
    if (asked !== '' && asked !== tag && current !== undefined) return movedTo(current);
    if (asked !== '') headers['Cache-Control'] = 'public, immutable';
    return answer(scope, { text, tag }, headers);
  });
}

const JSON_TYPE = 'application/json';

/** Which of `forms` a client prefers, going by ranges too; undefined where it takes none. */
function negotiateDocument({ request }: RequestScope, forms: readonly string[]): string | undefined {
  for (const clause of parseAccept(request.headers.get('accept') || '*/*')) {
    const found = forms.find((form) => covers(clause, form));
    if (found) return found;
  }
  return undefined;
}

/** These documents are refused without a word. */
const notAcceptable = (headers: Record<string, string>): Response =>
  new Response(null, { status: 406, headers: { 'Cache-Control': 'no-cache, private', ...headers } });

const movedTo = (location: string): Response => new Response(null, { status: 301, headers: { Location: location } });

/** The entity tags of documents, kept as long as those stay what they are. */
class TagCache {
  readonly #known = new Map<string, { text: string; tag: string }>();

  async of(name: string, text: string): Promise<string> {
    const known = this.#known.get(name);
    if (known?.text === text) return known.tag;
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-512', new TextEncoder().encode(text)));
    const tag = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    this.#known.set(name, { text, tag: tag.toUpperCase() });
    return tag.toUpperCase();
  }
}

/** The form that client-go's discovery asks for, under the name it asks by and the one it is answered by. */
const V2_PROTOBUF = [
  'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
  'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
];

async function protobufV2(text: string, headers: Record<string, string>): Promise<Response> {
  const { encodeOpenApiV2 } = await import('../documents/openapi-v2-protobuf.ts');
  return new Response(encodeOpenApiV2(JSON.parse(text) as object), {
    headers: { ...headers, 'Content-Type': V2_PROTOBUF[1] as string, 'Cache-Control': 'no-cache, private' },
  });
}

/** The address, with its hash, under which the index offers a document. */
function currentUrl(index: string, path: string): string | undefined {
  const { paths } = JSON.parse(index) as { paths: Record<string, { serverRelativeURL: string } | undefined> };
  return paths[path]?.serverRelativeURL;
}

function answer(
  scope: RequestScope,
  { text, tag }: { text: string; tag?: string },
  given: Record<string, string>,
): Response {
  const headers: Record<string, string> = { 'Cache-Control': 'no-cache, private', ...given };
  if (tag !== undefined) {
    headers.ETag = `"${tag}"`;
    if (matchesTag(scope.request.headers.get('if-none-match'), headers.ETag)) {
      const { 'Content-Type': _, ...others } = headers;
      return new Response(null, { status: 304, headers: others });
    }
  }
  return compressible(scope.request, text, { status: 200, headers });
}

/** Whether If-None-Match names the tag or any. */
function matchesTag(header: string | null, tag: string): boolean {
  return header?.split(',').some((each) => ['*', tag, `W/${tag}`].includes(each.trim())) === true;
}
