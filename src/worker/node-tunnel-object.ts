/** One node's end of the tunnel: holds the agent's socket and relays requests and sockets of clients through it. */
import { type MuxStream, PING, PONG, type UpgradeAnswer } from '../base/mux/index.ts';
import { isApiOnly } from './cluster-id.ts';
import type { Env } from './env.ts';
import { ErasableObject } from './erasable-object.ts';
import { type AgentLink, createAgentLink, recoverAgentLink, silenceOf } from './tunnel-agent.ts';
import {
  closeSocket,
  isUpgrade,
  noTunnel,
  type RelayAttachment,
  relayRequest,
  relaySink,
  saveRelay,
} from './tunnel-relay.ts';
import { createUploadSpill, type UploadSpill } from './upload-spill.ts';

/** Named `CLUSTER/NODE`. */
export class NodeTunnelObject extends ErasableObject {
  #agent: AgentLink | undefined;
  #relays = new Map<WebSocket, MuxStream>();
  #lastMessage = 0;
  #spill: UploadSpill;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#spill = createUploadSpill(ctx.storage.sql);
    // Heartbeats are answered by the runtime, without waking the object.
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
    this.#agent = recoverAgentLink(ctx.getWebSockets('agent'));
    for (const socket of ctx.getWebSockets('client')) this.#recoverRelay(socket);
  }

  /** `/tunnel` is the agent's own connection; everything with `x-kedge-relay` is a kubelet API request for it. */
  override async fetch(request: Request): Promise<Response> {
    if (request.headers.has('x-kedge-relay')) return this.#relay(request);
    if (new URL(request.url).pathname !== '/tunnel') return new Response('not found', { status: 404 });
    if (!isUpgrade(request))
      return new Response('the tunnel is a WebSocket', { status: 426, headers: { upgrade: 'websocket' } });
    const { 0: theirs, 1: ours } = new WebSocketPair();
    const now = Date.now();
    const generation = Math.max(now, (this.#agent?.generation ?? 0) + 1);
    this.#drop('a newer connection of this node took over', 4001);
    this.ctx.acceptWebSocket(ours, ['agent']);
    this.#agent = createAgentLink(ours, { generation, nextId: 2, connectedAt: now });
    return new Response(null, { status: 101, webSocket: theirs });
  }

  /** Milliseconds since the epoch of the agent's last sign of life; null when none is connected. */
  async lastSeen(): Promise<number | null> {
    if (!this.#agent) return null;
    const ping = this.ctx.getWebSocketAutoResponseTimestamp(this.#agent.socket)?.getTime() ?? 0;
    return Math.max(ping, this.#lastMessage, this.#agent.connectedAt);
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    if (socket === this.#agent?.socket) {
      this.#lastMessage = Date.now();
      this.#agent.mux.receive(message);
      return;
    }
    const stream = this.#relays.get(socket);
    if (!stream || !this.#agent) return closeSocket(socket, 1011, 'the node was disconnected');
    const taken = this.#spill.send(stream, typeof message === 'string' ? message : new Uint8Array(message));
    saveRelay(socket, this.#agent.generation, stream);
    if (!taken) {
      this.#forget(socket)?.reset('the client sends faster than the node reads');
      return closeSocket(socket, 1013, 'the node reads more slowly than this client sends');
    }
    // The object must not hibernate while something waits in its memory.
    await this.#spill.drained(stream);
  }

  override async webSocketClose(socket: WebSocket, code: number, reason: string): Promise<void> {
    if (socket === this.#agent?.socket) return this.#lost('the node closed its tunnel');
    const stream = this.#forget(socket);
    if (stream) {
      await this.#spill.drained(stream);
      stream.close(code, reason);
    }
    // The client waits for its close to be answered.
    closeSocket(socket, code, reason);
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    if (socket === this.#agent?.socket) return this.#lost('the tunnel broke');
    this.#forget(socket)?.reset('the client went away');
  }

  async #relay(request: Request): Promise<Response> {
    const silence = silenceOf(await this.lastSeen(), Date.now());
    const agent = this.#agent;
    if (!agent || silence) return noTunnel(silence ?? 'the node has no tunnel');
    const answer = relayRequest(agent.mux, request, (socket) => this.#accept(agent, socket));
    agent.save();
    return answer;
  }

  #accept(agent: AgentLink, { stream, attach }: NonNullable<UpgradeAnswer['socket']>): WebSocket {
    const { 0: theirs, 1: ours } = new WebSocketPair();
    this.ctx.acceptWebSocket(ours, ['client']);
    this.#relays.set(ours, stream);
    saveRelay(ours, agent.generation, stream);
    attach(relaySink(ours, () => stream, { generation: agent.generation, over: () => this.#forget(ours) }));
    return theirs;
  }

  #recoverRelay(socket: WebSocket): void {
    const saved = socket.deserializeAttachment() as RelayAttachment | null;
    if (!saved || !this.#agent || saved.generation !== this.#agent.generation) return;
    const { generation } = saved;
    const stream: MuxStream = this.#agent.mux.restore(
      saved.stream,
      relaySink(socket, () => stream, { generation, over: () => this.#forget(socket) }),
    );
    this.#relays.set(socket, stream);
  }

  #forget(socket: WebSocket): MuxStream | undefined {
    const stream = this.#relays.get(socket);
    this.#relays.delete(socket);
    return stream;
  }

  /** Ends the present agent connection and every stream on it. */
  #drop(reason: string, code: number): void {
    const agent = this.#agent;
    this.#agent = undefined;
    agent?.mux.closed(reason);
    if (agent) closeSocket(agent.socket, code, reason);
  }

  async #lost(reason: string): Promise<void> {
    this.#drop(reason, 1000);
    const [cluster, node] = (this.ctx.id.name ?? '').split('/');
    if (!cluster || !node || isApiOnly(this.env, cluster)) return;
    // The lease tells the same later, so a failure here only costs time.
    await this.env.CONTROLLERS.getByName(cluster)
      .nodeChanged(node)
      .catch(() => {});
  }
}
