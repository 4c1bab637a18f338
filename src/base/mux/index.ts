/** Multiplexed request and message streams over one connection of messages. */
export { createMux, type MuxConnection, type MuxOptions } from './connection.ts';
export {
  type IncomingRequest,
  type IncomingResponse,
  type MuxHandler,
  type OutgoingRequest,
  type OutgoingResponse,
  sendRequest,
  sendUpgrade,
  serveStream,
  type UpgradeAnswer,
} from './exchange.ts';
export type { RequestHead, ResponseHead } from './frame.ts';
export { PING, PONG } from './heartbeat.ts';
export type { MuxSocket, SocketClose } from './socket.ts';
export type { MuxStream, StreamSink, StreamState } from './stream.ts';
