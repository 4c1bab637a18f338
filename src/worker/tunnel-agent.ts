/** The agent's socket as the tunnel object sees it, with what must outlive hibernation kept in its attachment. */
import { createMux, type MuxConnection } from '../base/mux/index.ts';
import { closeSocket } from './tunnel-relay.ts';

export interface AgentAttachment {
  /** Rises with every connection of the node: a newer one fences the older. */
  generation: number;
  /** Where stream ids go on after hibernation. */
  nextId: number;
  /** Milliseconds since the epoch. */
  connectedAt: number;
}

export interface AgentLink {
  readonly socket: WebSocket;
  readonly mux: MuxConnection;
  readonly generation: number;
  readonly connectedAt: number;
  /** Writes the attachment; due after every stream that was opened. */
  save(): void;
}

/** Speaks to the agent behind `socket`, a fresh connection or one that outlived the object's memory. */
export function createAgentLink(socket: WebSocket, saved: AgentAttachment): AgentLink {
  const mux = createMux({
    role: 'acceptor',
    nextId: saved.nextId,
    send: (frame) => socket.send(frame),
    close: (code, reason) => closeSocket(socket, code, reason),
    onRequest: (_head, stream) => stream.reset('the control plane serves no requests on the tunnel'),
  });
  const link: AgentLink = {
    socket,
    mux,
    generation: saved.generation,
    connectedAt: saved.connectedAt,
    save() {
      socket.serializeAttachment({ ...saved, nextId: mux.nextId } satisfies AgentAttachment);
    },
  };
  link.save();
  return link;
}

/** The newest agent connection among sockets that outlived the object's memory. */
export function recoverAgentLink(sockets: readonly WebSocket[]): AgentLink | undefined {
  let newest: { socket: WebSocket; saved: AgentAttachment } | undefined;
  for (const socket of sockets) {
    const saved = socket.deserializeAttachment() as AgentAttachment | null;
    if (saved && saved.generation > (newest?.saved.generation ?? 0)) newest = { socket, saved };
  }
  return newest && createAgentLink(newest.socket, newest.saved);
}

/** An agent that is silent for longer (four heartbeats) is not asked any more. */
const SILENCE_LIMIT_MS = 45_000;

/** Why requests cannot go to an agent that was last seen at `seen`; undefined when they can. Both in milliseconds since the epoch. */
export function silenceOf(seen: number | null, now: number): string | undefined {
  if (seen === null) return 'the node has no tunnel';
  return now - seen > SILENCE_LIMIT_MS ? `the node has been silent since ${new Date(seen).toISOString()}` : undefined;
}
