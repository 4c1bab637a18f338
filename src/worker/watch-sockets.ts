/**
 * Watches of a Storage object over hibernatable WebSockets. The attachment of a socket holds its subscription, so the
 * object may sleep while watches are open. Towards the client a frame is lines of events, or a control frame: `+` says
 * that the watch is live, `=R` answers `?` with the revision up to which everything was sent; the runtime gives that
 * answer without waking the object, which is what bookmarks of an idle shard are made of.
 */
import type { WatchQuery } from '../storage/contract.ts';
import type { Subscription, SubscriptionState, WatchHub, WatchSink } from '../storage/watch-hub.ts';

/** Header of the upgrade request: the watch query as URI-encoded JSON. */
export const WATCH_HEADER = 'x-kedge-watch';
export const LIVE_FRAME = '+';
export const REVISION_REQUEST = '?';
export const REVISION_PREFIX = '=';
/** Sent by the client with the number of characters it has taken. */
export const ACKNOWLEDGE_PREFIX = 'a';
/** Close code for "connect again": the watch ended for a reason that is not the client's. */
const TRY_AGAIN = 1012;

export class WatchSockets {
  readonly #ctx: DurableObjectState;
  readonly #hub: WatchHub;
  readonly #subscriptions = new Map<WebSocket, Subscription>();
  #delivered = 0;
  #answered = 0;
  #settling = false;

  constructor(ctx: DurableObjectState, hub: WatchHub) {
    this.#ctx = ctx;
    this.#hub = hub;
  }

  /** Takes up the sockets that were open when the object went to sleep. Nothing was committed since. */
  restore(): void {
    for (const socket of this.#ctx.getWebSockets()) {
      const state = socket.deserializeAttachment() as SubscriptionState | null;
      if (state) this.#subscriptions.set(socket, this.#hub.resume(state, this.#sink(socket)));
      else socket.close(TRY_AGAIN, 'the subscription was too large to keep');
    }
  }

  upgrade(request: Request): Response {
    const header = request.headers.get(WATCH_HEADER);
    if (header === null || request.headers.get('upgrade') !== 'websocket') {
      return new Response('a watch is a WebSocket upgrade with a query', { status: 400 });
    }
    const query = JSON.parse(decodeURIComponent(header)) as WatchQuery;
    const pair = new WebSocketPair();
    this.#ctx.acceptWebSocket(pair[1]);
    const subscription = this.#hub.open(query, this.#sink(pair[1]));
    if (!subscription.closed) this.#subscriptions.set(pair[1], subscription);
    return new Response(null, { status: 101, webSocket: pair[0] });
  }

  message(socket: WebSocket, message: string | ArrayBuffer): void {
    const subscription = this.#subscriptions.get(socket);
    if (!subscription || typeof message !== 'string' || !message.startsWith(ACKNOWLEDGE_PREFIX)) return;
    this.#hub.acknowledge(subscription, Number(message.slice(1)) || 0);
  }

  closed(socket: WebSocket): void {
    const subscription = this.#subscriptions.get(socket);
    this.#subscriptions.delete(socket);
    if (subscription) this.#hub.close(subscription);
  }

  /** All live sockets have been sent everything up to `revision`. */
  delivered(revision: number): void {
    this.#delivered = revision;
    if (!this.#settling) void this.#settle();
  }

  /** The runtime's answers pass no output gate, so a revision is put into them only once it is durable (WATCH-4). */
  async #settle(): Promise<void> {
    this.#settling = true;
    while (this.#answered !== this.#delivered) {
      const revision = this.#delivered;
      await this.#ctx.storage.sync();
      const answer = new WebSocketRequestResponsePair(REVISION_REQUEST, `${REVISION_PREFIX}${revision}`);
      this.#ctx.setWebSocketAutoResponse(answer);
      this.#answered = revision;
    }
    this.#settling = false;
  }

  #sink(socket: WebSocket): WatchSink {
    return {
      send: (frame) => socket.send(frame),
      close: (why) => {
        this.#subscriptions.delete(socket);
        socket.close(1000, why);
      },
      save: (state) => {
        try {
          socket.serializeAttachment(state);
        } catch {
          // Larger than an attachment may be: the watch lives as long as the object stays awake.
          socket.serializeAttachment(null);
        }
        if (state.phase.name === 'live') socket.send(LIVE_FRAME);
      },
    };
  }
}
