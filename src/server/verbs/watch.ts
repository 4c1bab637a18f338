/** GET of a collection as a stream of changes. Upstream: handlers/get.go, handlers/watch.go. */
import { apiVersionOf, type KubeObject } from '../../machinery/meta.ts';
import type { WatchQuery } from '../../storage/contract.ts';
import { negotiateOutput, type Output } from '../negotiation/accept.ts';
import { isStoredForm } from '../respond/object.ts';
import { partialMetadata } from '../respond/partial.ts';
import { includeObjectOf, tableOf } from '../respond/table.ts';
import type { ResourceCall } from '../scope.ts';
import { type CollectionOptions, parseCollectionOptions, parseResourceVersion } from './list-options.ts';

/** A watch without a timeout of its own ends after a random time between this and twice this. */
const MIN_TIMEOUT_SECONDS = 1_800;

export async function watchVerb(call: ResourceCall): Promise<Response> {
  const output = negotiateOutput(call.scope.request, call.scope.query, { streams: true });
  if (output.as === 'Table') includeObjectOf(call);
  const options = parseCollectionOptions(call, true);
  const { options: host } = call.parts;
  const stream = await host.store.shardOf(call.kind.storedAs).watch(watchQuery(call, options));
  const rewrite = rewriter(call, output);
  const seconds = options.timeoutSeconds || MIN_TIMEOUT_SECONDS * (1 + host.random.next());
  const encoder = new TextEncoder();
  let end: () => void = () => undefined;
  call.scope.streaming = new Promise((resolve) => {
    end = resolve;
  });
  let open = true;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const finish = (): void => {
        if (!open) return;
        open = false;
        cancelTimer();
        stream.close();
        end();
        controller.close();
      };
      const cancelTimer = host.clock.after(seconds * 1000, finish);
      end = wrap(end, cancelTimer);
      stream.onFrame = (frame) => {
        if (!open) return;
        try {
          controller.enqueue(encoder.encode(rewrite(frame)));
        } catch {
          finish();
        }
      };
      stream.onClose = finish;
    },
    cancel() {
      open = false;
      stream.close();
      end();
    },
  });
  return new Response(body, {
    headers: {
      'Content-Type': output.serializer.mediaType,
      'Cache-Control': 'no-cache, private',
      // The Workers runtime would hold frames back to compress them.
      'Content-Encoding': 'identity',
    },
  });
}

const wrap =
  (first: () => void, second: () => void): (() => void) =>
  () => {
    second();
    first();
  };

function watchQuery(call: ResourceCall, options: CollectionOptions): WatchQuery {
  const { kind } = call;
  const revision = parseResourceVersion(options.resourceVersion);
  const query: WatchQuery = {
    ...options.selection,
    bookmarks: options.bookmarks,
    apiVersion: apiVersionOf(kind.group, kind.version),
    kind: kind.kind,
  };
  if (options.sendInitialEvents === true) query.initialEvents = true;
  else if (revision > 0) query.since = revision;
  // Version 0 with bookmarks: upstream's cache sends the present state and marks its end.
  else if (options.resourceVersion === '0' && options.bookmarks) query.initialEvents = true;
  return query;
}

/** What frames become on their way to the client; storage's own form passes untouched. */
function rewriter(call: ResourceCall, output: Output): (frame: string) => string {
  if (!output.as && isStoredForm(call)) return (frame) => frame;
  let columns = true;
  return (frame) => {
    let text = '';
    for (const line of frame.split('\n')) {
      if (line === '') continue;
      const event = JSON.parse(line) as { type: string; object: KubeObject };
      if (event.type !== 'ERROR') {
        event.object = rewriteObject(call, event, { output, columns });
        columns = false;
      }
      text += `${JSON.stringify(event)}\n`;
    }
    return text;
  };
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
    return tableOf(call, { objects, output, listMeta, columns }) as unknown as KubeObject;
  }
  if (output.as) return partialMetadata(object, output.metaVersion) as unknown as KubeObject;
  return object;
}
