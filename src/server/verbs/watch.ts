/** GET of a collection as a stream of changes. Upstream: handlers/get.go, handlers/watch.go. */
import { parseJson } from '../../machinery/exact-numbers.ts';
import { zeroOf } from '../../machinery/fields/index.ts';
import type { Kind } from '../../machinery/kind.ts';
import { apiVersionOf, type KubeObject } from '../../machinery/meta.ts';
import type { WatchQuery, WatchStream } from '../../storage/contract.ts';
import type { ServerOptions } from '../contract.ts';
import { endWithDefinition } from '../custom/index.ts';
import type { Output } from '../negotiation/accept.ts';
import { isStoredForm } from '../respond/object.ts';
import { partialMetadata } from '../respond/partial.ts';
import { includeObjectOf, tableOf } from '../respond/table.ts';
import type { ResourceCall } from '../scope.ts';
import { subprotocolOf, upgradeOf } from '../subresources/node-request.ts';
import { type CollectionOptions, parseCollectionOptions, parseResourceVersion } from './list-options.ts';
import { streamOutputOf } from './output.ts';

/** A watch without a timeout of its own ends after a random time between this and twice this. */
const MIN_TIMEOUT_SECONDS = 1_800;
/** Bytes that wait for a client that reads slower than events come. */
const MAX_BUFFERED_BYTES = 8 * 1024 * 1024;

export async function watchVerb(call: ResourceCall): Promise<Response> {
  const output = streamOutputOf(call);
  if (output.as === 'Table') includeObjectOf(call);
  const options = parseCollectionOptions(call, true);
  const { options: host } = call.parts;
  const shard = host.store.shardOf(call.kind.storedAs);
  const query = watchQuery(call, options);
  // Nothing to start from and nothing wanted of what is there: the watch starts now.
  if (!query.initialEvents && query.since === undefined && options.sendInitialEvents === false)
    query.since = await shard.revision();
  const stream = await endWithDefinition(call, () => shard.watch(query));
  const news = query.initialEvents ? new News() : undefined;
  const rewrite = tellableRewriter(call, output, news);
  const seconds = options.timeoutSeconds || MIN_TIMEOUT_SECONDS * (1 + host.random.next());
  const watch = {
    stream,
    rewrite,
    seconds,
    bookmarkSeconds: options.bookmarks ? bookmarkTimes(seconds, news !== undefined) : [],
    isDue: () => news?.came !== false,
  };
  if (upgradeOf(call.scope.request) === 'websocket' && host.acceptWebSocket)
    return openSocket(call, watch, {
      accept: host.acceptWebSocket,
      binary: output.serializer.writeEvent !== undefined,
    });
  const body = openBody(call, watch);
  return new Response(body, {
    headers: {
      'Content-Type': output.serializer.writeEvent
        ? `${output.serializer.mediaType};stream=watch`
        : output.serializer.mediaType,
      'Cache-Control': 'no-cache, private',
      // The Workers runtime would hold frames back to compress them.
      'Content-Encoding': 'identity',
    },
  });
}

interface OpenWatch {
  stream: WatchStream;
  /** Undefined for what cannot be told, which ends the watch. */
  rewrite: (frame: string) => Uint8Array | undefined;
  seconds: number;
  /** When bookmarks are due besides the regular ones, in seconds after the start. */
  bookmarkSeconds: readonly number[];
  /** Whether there is anything to say in a bookmark that is due. */
  isDue: () => boolean;
}

/** Seconds before the end of a watch at which it sends a last bookmark, so that its client resumes from there. */
const LAST_BOOKMARK_SECONDS = 2;

/** Whether anything happened after what was there was sent. Upstream: a cacher's bookmarks are as old as its last event. */
class News {
  #started = false;
  came = false;

  see(frame: string): void {
    if (this.came) return;
    if (!this.#started) this.#started = frame.includes('"k8s.io/initial-events-end":"true"');
    else if (!frame.startsWith('{"type":"BOOKMARK"')) this.came = true;
  }
}

/** A watch that sent what was there is told soon after how far that is. Upstream: cacher's buckets of bookmarks. */
const FIRST_BOOKMARK_SECONDS = 1;

function bookmarkTimes(seconds: number, initial: boolean): number[] {
  const last = seconds - LAST_BOOKMARK_SECONDS;
  const times = last > 0 ? [last] : [];
  return initial && seconds > FIRST_BOOKMARK_SECONDS && last !== FIRST_BOOKMARK_SECONDS
    ? [FIRST_BOOKMARK_SECONDS, ...times]
    : times;
}

/** Ends a watch when its time is over; the result cancels that. */
function limitTime(call: ResourceCall, watch: OpenWatch, finish: () => void): () => void {
  const { clock } = call.parts.options;
  const { seconds, stream, bookmarkSeconds } = watch;
  const cancels = bookmarkSeconds.map((at) =>
    clock.after(at * 1000, () => {
      if (watch.isDue()) stream.requestBookmark();
    }),
  );
  cancels.push(clock.after(seconds * 1000, finish));
  return () => {
    for (const cancel of cancels) cancel();
  };
}

/** Whether a frame tells that the watch failed. */
const isFailure = (frame: string): boolean => frame.startsWith('{"type":"ERROR"');

/** Encodes frames; many watches get the same one after each other, and it is encoded once for all of them. */
function createFrameEncoder(): (frame: string) => Uint8Array {
  const encoder = new TextEncoder();
  let last = '';
  let bytes = encoder.encode(last);
  return (frame) => {
    if (frame !== last) {
      last = frame;
      bytes = encoder.encode(frame);
    }
    return bytes;
  };
}

const encodeFrame = createFrameEncoder();

/** The frames of a watch as bytes, until its time is over or either side closes it. */
function openBody(call: ResourceCall, watch: OpenWatch): ReadableStream<Uint8Array> {
  const { stream, rewrite } = watch;
  const ended = Promise.withResolvers<void>();
  call.scope.streaming = ended.promise;
  let cancelTimer: () => void = () => undefined;
  let open = true;
  let passedOn: (() => void)[] = [];
  const passOn = (): void => {
    const waiting = passedOn;
    passedOn = [];
    for (const resolve of waiting) resolve();
  };
  const end = (): void => {
    open = false;
    passOn();
    cancelTimer();
    stream.close();
    ended.resolve();
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const finish = (): void => {
          if (!open) return;
          end();
          controller.close();
        };
        cancelTimer = limitTime(call, watch, finish);
        stream.onFrame = (frame) => {
          if (!open) return undefined;
          // WATCH-5: a client that does not read is cut off; it comes back and resumes.
          if ((controller.desiredSize ?? 0) < -MAX_BUFFERED_BYTES) return finish();
          const bytes = rewrite(frame);
          if (!bytes) return finish();
          controller.enqueue(bytes);
          return new Promise((resolve) => passedOn.push(resolve));
        };
        stream.onClose = finish;
      },
      pull: passOn,
      cancel: end,
    },
    { highWaterMark: 0, size: (chunk) => chunk.byteLength },
  );
}

/**
 * The frames of a watch as messages of a WebSocket: an event each, in text where the media type is a text.
 * Upstream: handlers/watch.go HandleWS.
 */
function openSocket(
  call: ResourceCall,
  watch: OpenWatch,
  { accept, binary }: { accept: NonNullable<ServerOptions['acceptWebSocket']>; binary: boolean },
): Response {
  const { stream, rewrite } = watch;
  const { response, socket } = accept(subprotocolOf(call.scope.request));
  const ended = Promise.withResolvers<void>();
  call.scope.streaming = ended.promise;
  const decoder = new TextDecoder();
  const finish = (): void => {
    cancelTimer();
    stream.close();
    socket.close();
    ended.resolve();
  };
  const cancelTimer = limitTime(call, watch, finish);
  socket.onClose = finish;
  stream.onFrame = (frame) => {
    for (const line of frame.split('\n')) {
      if (line === '') continue;
      const message = rewrite(`${line}\n`);
      if (!message) return finish();
      // A message has its own bounds, so the length that frames an event of a stream is left out.
      socket.send(binary ? new Uint8Array(message.subarray(4)) : decoder.decode(message));
    }
  };
  stream.onClose = finish;
  return response;
}

function watchQuery(call: ResourceCall, options: CollectionOptions): WatchQuery {
  const { kind } = call;
  const revision = parseResourceVersion(options.resourceVersion);
  const query: WatchQuery = {
    ...options.selection,
    bookmarks: options.bookmarks,
    apiVersion: apiVersionOf(kind.group, kind.version),
    kind: kind.kind,
    ...(options.bookmarks ? { emptyFields: emptyFieldsOf(kind) } : {}),
  };
  if (options.sendInitialEvents === true) query.initialEvents = true;
  if (revision > 0) query.since = revision;
  return query;
}

const emptyFields = new WeakMap<Kind, string>();

/** The members that upstream writes of an empty object of a kind, whose type tells which they are. */
function emptyFieldsOf(kind: Kind): string {
  if (kind.itemsCarryType) return '';
  const known = emptyFields.get(kind);
  if (known !== undefined) return known;
  const empty = zeroOf(kind.schema) as KubeObject;
  kind.completeEmpty?.(empty);
  const { kind: _kind, apiVersion: _version, metadata: _metadata, ...rest } = empty;
  const text = JSON.stringify(rest).slice(1, -1);
  emptyFields.set(kind, text);
  return text;
}

/** Like `rewriter`; undefined where that fails, or what happens has no form of the kind that is asked for. */
function tellableRewriter(call: ResourceCall, output: Output, news: News | undefined): OpenWatch['rewrite'] {
  const rewrite = rewriter(call, output);
  return (frame) => {
    news?.see(frame);
    // What happens to one object is no list.
    if (output.as === 'PartialObjectMetadataList' && !isFailure(frame)) return undefined;
    try {
      return rewrite(frame);
    } catch (error) {
      call.parts.options.log.error('watch failed', {
        id: call.scope.id,
        path: call.scope.info.path,
        error: String(error),
      });
      return undefined;
    }
  };
}

/** What frames become on their way to the client; storage's own form passes untouched. */
function rewriter(call: ResourceCall, output: Output): (frame: string) => Uint8Array {
  const encoder = new TextEncoder();
  const { writeEvent } = output.serializer;
  if (!output.as && !writeEvent && isStoredForm(call)) return encodeFrame;
  let columns = true;
  const eventsOf = (frame: string): { type: string; object: KubeObject }[] =>
    frame.split('\n').flatMap((line) => {
      if (line === '') return [];
      const event = parseJson(line) as { type: string; object: KubeObject };
      if (event.type !== 'ERROR') {
        event.object = rewriteObject(call, event, { output, columns });
        columns = false;
      }
      return [event];
    });
  if (writeEvent)
    return (frame) => joined(eventsOf(frame).map((event) => writeEvent(event.type, typed(call, event.object))));
  return (frame) =>
    encoder.encode(
      eventsOf(frame)
        .map((event) => `${JSON.stringify(event)}\n`)
        .join(''),
    );
}

/** Protobuf needs the type that stored texts may leave out. */
function typed(call: ResourceCall, object: KubeObject): KubeObject {
  if (object.kind !== undefined && object.apiVersion !== undefined) return object;
  return { ...object, kind: call.kind.kind, apiVersion: apiVersionOf(call.kind.group, call.kind.version) };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function rewriteObject(
  call: ResourceCall,
  event: { type: string; object: KubeObject },
  { output, columns }: { output: Output; columns: boolean },
): KubeObject {
  const { kind } = call;
  const object = kind.fromStorage && event.type !== 'BOOKMARK' ? kind.fromStorage(event.object) : event.object;
  if (output.as === 'Table') {
    const listMeta = { resourceVersion: object.metadata.resourceVersion ?? '' };
    const objects = [object];
    return tableOf(call, { objects, output, listMeta, columns }) as KubeObject;
  }
  if (output.as) return partialMetadata(object, { version: output.metaVersion, kind }) as KubeObject;
  return object;
}
