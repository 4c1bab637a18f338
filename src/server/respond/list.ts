/** Answers that hold many objects. Upstream: handlers/response.go, its streaming list encoder. */
import { apiVersionOf, type KubeObject, type ListMeta } from '../../machinery/meta.ts';
import { StatusError } from '../../machinery/status.ts';
import type { ListResult } from '../../storage/contract.ts';
import { storedHead } from '../encode.ts';
import type { Output } from '../negotiation/accept.ts';
import type { ResourceCall } from '../scope.ts';
import { acceptsGzip, COMPRESS_FROM, encodedResponse } from './compress.ts';
import { internalName, respondValue } from './object.ts';
import { partialMetadataList } from './partial.ts';
import { tableOf } from './table.ts';

/** One page of a list as storage answers it. */
export type ListPage = Extract<ListResult, { ok: true }>;

/** Items of a typed list carry no kind and apiVersion; those of custom resources do. */
function itemsText(call: ResourceCall, text: string): string {
  return call.kind.itemsCarryType ? text : text.replaceAll(storedHead(call.kind), '{');
}

const HEADERS = { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache, private' };

/** A list as text: in one piece when it has one page, else page by page, so that its size never lies in memory. */
export async function streamList(
  call: ResourceCall,
  { head, pages }: { head: string; pages: AsyncGenerator<ListPage> },
): Promise<Response> {
  const first = (await pages.next()).value as ListPage;
  const second = await pages.next();
  const start = head + itemsText(call, first.text);
  if (second.done) {
    const body = `${start}]}\n`;
    if (body.length < COMPRESS_FROM || !acceptsGzip(call.scope.request))
      return new Response(body, { headers: HEADERS });
    return gzipped(new Response(body).body!);
  }
  const stream = textStream(call, { start, next: second.value, pages });
  return acceptsGzip(call.scope.request) ? gzipped(stream) : new Response(stream, { headers: HEADERS });
}

function gzipped(stream: ReadableStream<Uint8Array>): Response {
  const compressed = stream.pipeThrough(new CompressionStream('gzip') as ReadableWritablePair<Uint8Array, Uint8Array>);
  return encodedResponse(compressed, { status: 200, headers: HEADERS });
}

function textStream(
  call: ResourceCall,
  { start, next, pages }: { start: string; next: ListPage; pages: AsyncGenerator<ListPage> },
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let waiting: ListPage | undefined = next;
  let opened = false;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (!opened) {
        opened = true;
        controller.enqueue(encoder.encode(start));
        return;
      }
      const page = waiting ?? ((await pages.next()).value as ListPage | undefined);
      waiting = undefined;
      if (page) {
        if (page.text !== '') controller.enqueue(encoder.encode(`,${itemsText(call, page.text)}`));
        return;
      }
      controller.enqueue(encoder.encode(']}\n'));
      controller.close();
    },
    async cancel() {
      await pages.return(undefined);
    },
  });
}

export interface ListAnswer {
  objects: readonly KubeObject[];
  /** For Tables: the rows, where they were made before. */
  rows?: readonly object[];
  metadata: ListMeta;
  output: Output;
}

/** Parsed objects as a list in the form that was negotiated. */
export function respondList(call: ResourceCall, answer: ListAnswer): Response {
  return respondValue(call, { value: listValue(call, answer), output: answer.output, status: 200 });
}

function listValue(call: ResourceCall, { objects, rows, metadata, output }: ListAnswer): object {
  const { kind } = call;
  switch (output.as) {
    case 'Table':
      return tableOf(call, { objects, ...(rows ? { rows } : {}), output, listMeta: metadata });
    case 'PartialObjectMetadataList':
      return partialMetadataList(objects, metadata, { version: output.metaVersion, kind });
    case 'PartialObjectMetadata':
      throw new StatusError(
        406,
        'NotAcceptable',
        `you requested PartialObjectMetadata, but the requested object is a list (*${kind.itemsCarryType ? 'unstructured.UnstructuredList' : `${internalName(kind)}.${kind.listKind}`})`,
      );
    default:
      return {
        kind: kind.listKind,
        apiVersion: apiVersionOf(kind.group, kind.version),
        // Lists of custom resources always say whether they go on.
        metadata: kind.itemsCarryType ? { continue: '', ...metadata } : metadata,
        items: objects.map((object) => (kind.itemsCarryType ? object : untyped(object))),
      };
  }
}

function untyped({ kind: _kind, apiVersion: _version, ...rest }: KubeObject): object {
  return rest;
}
