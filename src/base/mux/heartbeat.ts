/** Heartbeats are text beside the binary frames, so that a host can answer them without waking who owns the connection. */
export const PING = '\u0000kedge-ping';
export const PONG = '\u0000kedge-pong';
