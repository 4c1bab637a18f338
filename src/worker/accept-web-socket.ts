/** WebSockets that clients of the API server open. */
import type { ServerSocket } from '../server/contract.ts';

/** Accepts a WebSocket in this isolate; `protocol` is the subprotocol to agree on. */
export function acceptWebSocket(protocol: string | undefined): { response: Response; socket: ServerSocket } {
  const { 0: theirs, 1: ours } = new WebSocketPair();
  ours.accept();
  let open = true;
  const socket: ServerSocket = {
    send(message) {
      if (open) ours.send(message);
    },
    close() {
      if (open) ours.close(1000);
      open = false;
    },
    onClose: () => undefined,
  };
  const ended = (): void => {
    if (open) socket.close();
    socket.onClose();
  };
  ours.addEventListener('close', ended);
  ours.addEventListener('error', ended);
  const headers: HeadersInit = protocol === undefined ? {} : { 'Sec-WebSocket-Protocol': protocol };
  return { response: new Response(null, { status: 101, webSocket: theirs, headers }), socket };
}
