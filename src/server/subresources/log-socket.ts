/** A log as messages of a WebSocket. Upstream: apiserver/pkg/util/wsstream, Reader. */
import { badRequest } from '../../machinery/status.ts';
import type { ServerOptions } from '../contract.ts';
import type { ResourceCall } from '../scope.ts';
import { subprotocolOf } from './node-request.ts';

type Encode = (chunk: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> | string;

const ENCODERS: ReadonlyMap<string | undefined, Encode> = new Map<string | undefined, Encode>([
  [undefined, (chunk) => chunk],
  ['binary.k8s.io', (chunk) => chunk],
  ['base64.binary.k8s.io', (chunk) => btoa(Array.from(chunk, (byte) => String.fromCharCode(byte)).join(''))],
]);

/** How the protocol that a client asks for writes bytes. Throws 400 for a protocol that carries no log. */
export function encoderOf(request: Request): Encode {
  const encode = ENCODERS.get(subprotocolOf(request));
  if (encode === undefined) throw badRequest('the protocol of the WebSocket is not supported');
  return encode;
}

/** Starts with an empty message, which tells the client that the server is there; closes when the log ends. */
export function logOverSocket(
  call: ResourceCall,
  body: ReadableStream<Uint8Array<ArrayBuffer>> | null,
  { accept, encode }: { accept: NonNullable<ServerOptions['acceptWebSocket']>; encode: Encode },
): Response {
  const { response, socket } = accept(subprotocolOf(call.scope.request));
  const reader = body?.getReader();
  socket.onClose = () => void reader?.cancel().catch(() => undefined);
  const send = async (): Promise<void> => {
    socket.send(encode(new Uint8Array(0)));
    for (;;) {
      const { value, done } = (await reader?.read()) ?? { done: true, value: undefined };
      if (done) return;
      socket.send(encode(value));
    }
  };
  // A log that breaks off ends as one that is over.
  call.scope.streaming = send()
    .catch(() => undefined)
    .then(() => socket.close());
  return response;
}
