/** Calls from the control plane to servers that users name: webhooks, extension API servers, audit sinks. */

export interface ServiceTarget {
  namespace: string;
  name: string;
  /** Port of the Service. */
  port: number;
  /** Path and query; `/` unless given. */
  path?: string;
}

/** An `https` URL with path and query, or a Service of the cluster, which is always spoken to over TLS. */
export type OutboundTarget = { url: string } | { service: ServiceTarget };

/** What is sent. Redirects are never followed: they are answers. */
export interface OutboundRequest {
  method: string;
  headers?: Headers | Record<string, string>;
  /** Headers of calls to Services that take a line for each value, in place of those of the same name. */
  lines?: Readonly<Record<string, readonly string[]>>;
  body?: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null;
  /** Gives the call up. */
  signal?: AbortSignal;
}

export interface OutboundOptions {
  request: OutboundRequest;
  /** PEM of the authorities that may have signed the server's certificate; unset: those of the public internet. */
  caBundle?: string;
  /** Takes any certificate. */
  insecure?: boolean;
  /** Shown to servers that ask for it. PEM. */
  clientCertificate?: { certificate: string; key: string };
  /** For the whole answer, its body too; unset: no limit, as long watches need. */
  timeoutMs?: number;
  /** Bytes of the answer's body; reading more of it fails. Unset: no limit. */
  maxBytes?: number;
}

export interface Outbound {
  /**
   * Sends one request. A WebSocket upgrade answers 101 with the socket. Throws an OutboundError when no answer came
   * about; reading the body throws one too when a limit is reached.
   */
  call(target: OutboundTarget, options: OutboundOptions): Promise<Response>;
}

export type OutboundFault = 'refused' | 'timeout' | 'unreachable' | 'tooLarge';

/** Why a call had no answer. The message is worded as Go's network errors are, for they are part of upstream's messages. */
export class OutboundError extends Error {
  override readonly name = 'OutboundError';
  /** `refused` when a rule of this cluster forbids the address. */
  readonly fault: OutboundFault;
  constructor(fault: OutboundFault, message: string) {
    super(message);
    this.fault = fault;
  }
}
