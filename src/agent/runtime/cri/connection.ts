import { Client, type ClientReadableStream, credentials, Metadata, status } from '@grpc/grpc-js';
import type { MethodDefinition, ServiceDefinition } from '@grpc/proto-loader';
import type { Clock } from '../../../base/clock.ts';
import { RuntimeError, type RuntimeErrorCode } from '../contract.ts';
import { criDefinition } from './wire.ts';

export interface CallLimits {
  /** Milliseconds; without it the call may take two minutes. 0: no limit. */
  timeout?: number;
  signal?: AbortSignal;
  metadata?: Record<string, string>;
}

type Method = MethodDefinition<object, object>;

const CODES: Partial<Record<number, RuntimeErrorCode>> = {
  [status.NOT_FOUND]: 'NotFound',
  [status.ALREADY_EXISTS]: 'AlreadyExists',
  [status.INVALID_ARGUMENT]: 'InvalidArgument',
  [status.DEADLINE_EXCEEDED]: 'DeadlineExceeded',
  [status.UNAVAILABLE]: 'Unavailable',
  [status.UNIMPLEMENTED]: 'Unimplemented',
  [status.CANCELLED]: 'Canceled',
};
const DEFAULT_TIMEOUT = 120_000;
/** Lists of a node with many containers outgrow gRPC's 4 MiB. */
const MAX_MESSAGE = 64 * 1024 * 1024;

function runtimeError(error: { code: number; details: string }): RuntimeError {
  const code = CODES[error.code] ?? 'Unknown';
  return new RuntimeError(code, `rpc error: code = ${code} desc = ${error.details}`, error.details);
}

function methodOf(service: string, name: string): Method {
  const method = (criDefinition()[service] as ServiceDefinition)[name];
  if (method === undefined) throw new RuntimeError('Unimplemented', `${service} has no method ${name}`);
  return method as Method;
}

function metadataOf(limits: CallLimits): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(limits.metadata ?? {})) metadata.set(name, value);
  return metadata;
}

/** One HTTP/2 connection to containerd's socket; it reconnects by itself. */
export class CriConnection {
  readonly #client: Client;
  readonly #clock: Clock;

  constructor(socket: string, clock: Clock) {
    this.#clock = clock;
    this.#client = new Client(`unix://${socket}`, credentials.createInsecure(), {
      'grpc.max_receive_message_length': MAX_MESSAGE,
      'grpc.max_send_message_length': MAX_MESSAGE,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 2000,
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  call<R>(service: string, name: string, request: object, limits: CallLimits = {}): Promise<R> {
    const method = methodOf(service, name);
    return new Promise<R>((resolve, reject) => {
      if (limits.signal?.aborted) return reject(new RuntimeError('Canceled', 'context canceled'));
      const timeout = limits.timeout ?? DEFAULT_TIMEOUT;
      const options = timeout > 0 ? { deadline: timeout + this.#clock.now() } : {};
      const onAbort = () => call.cancel();
      const call = this.#client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        metadataOf(limits),
        options,
        (error, response) => {
          limits.signal?.removeEventListener('abort', onAbort);
          if (error) reject(runtimeError(error));
          else resolve(response as R);
        },
      );
      limits.signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  stream<R>(service: string, name: string, request: object): ClientReadableStream<R> {
    const method = methodOf(service, name);
    return this.#client.makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
    ) as ClientReadableStream<R>;
  }

  close(): void {
    this.#client.close();
  }
}
