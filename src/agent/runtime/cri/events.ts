import type { ClientReadableStream } from '@grpc/grpc-js';
import type { MethodDefinition, ServiceDefinition } from '@grpc/proto-loader';
import { type Clock, delay } from '../../../base/clock.ts';
import type { RuntimeEvent } from '../contract.ts';
import type { CriConnection } from './connection.ts';
import { criDefinition } from './wire.ts';

interface Envelope {
  namespace: string;
  topic: string;
  event: { typeUrl: string; value: Uint8Array } | null;
}

const SERVICE = 'containerd.services.events.v1.Events';
const NAMESPACE = 'k8s.io';
const TOPICS: Record<string, RuntimeEvent['type']> = {
  '/tasks/start': 'started',
  '/tasks/exit': 'exited',
  '/tasks/oom': 'oom',
  '/tasks/delete': 'deleted',
};
const RECONNECT_MS = 500;
const CONFIRM_TIMEOUT_MS = 5000;
/** What the server may take to act on a request that it has. */
const SETTLE_MS = 100;

export interface TaskListeners {
  event(event: RuntimeEvent): void;
  execEnded?(container: string, exec: string): void;
}

interface TaskCodec {
  decode(topic: string, bytes: Uint8Array): { containerId: string; id?: string };
}

function taskCodec(): TaskCodec {
  const method = (criDefinition()[SERVICE] as ServiceDefinition).Decode as MethodDefinition<object, object>;
  return {
    decode(topic, bytes) {
      const read = topic === '/tasks/exit' ? method.responseDeserialize : method.requestDeserialize;
      return read(Buffer.from(bytes)) as { containerId: string; id?: string };
    },
  };
}

/**
 * containerd's task events, of containers and sandboxes alike; ends of exec processes go to a listener apart. CRI learns of an end
 * from the same events, so a listener may see an older state for some milliseconds. After a lost connection it says
 * `reconnected`.
 */
export class TaskEvents {
  readonly #connection: CriConnection;
  readonly #clock: Clock;
  readonly #listener: (event: RuntimeEvent) => void;
  readonly #execEnded: (container: string, exec: string) => void;
  readonly #codec = taskCodec();
  #stream: ClientReadableStream<Envelope> | undefined;
  #cancelRetry: () => void = () => {};
  #closed = false;
  #lost = false;

  constructor(connection: CriConnection, clock: Clock, listener: ((event: RuntimeEvent) => void) | TaskListeners) {
    this.#connection = connection;
    this.#clock = clock;
    const listeners = typeof listener === 'function' ? { event: listener } : listener;
    this.#listener = listeners.event;
    this.#execEnded = listeners.execEnded ?? (() => {});
    this.#open();
  }

  #open(): void {
    const filters = Object.keys(TOPICS).map((topic) => `namespace==${NAMESPACE},topic=="${topic}"`);
    const stream = this.#connection.stream<Envelope>(SERVICE, 'Subscribe', { filters });
    this.#stream = stream;
    stream.on('metadata', () => this.#announce());
    stream.on('data', (envelope: Envelope) => this.#deliver(envelope));
    stream.on('error', () => {});
    stream.on('close', () => {
      this.#stream = undefined;
      if (this.#closed) return;
      this.#lost = true;
      this.#cancelRetry = this.#clock.after(RECONNECT_MS, () => this.#open());
    });
    if (this.#lost) void this.#confirm(stream);
  }

  /**
   * containerd sends nothing on the stream before something happens, and what happened in the gap may have been the last
   * for long. An answer to a later call on the same connection says that the request for events is there.
   */
  async #confirm(stream: ClientReadableStream<Envelope>): Promise<void> {
    while (this.#lost && this.#stream === stream) {
      const answered = await this.#connection
        .call('runtime.v1.RuntimeService', 'Version', { version: 'v1' }, { timeout: CONFIRM_TIMEOUT_MS })
        .then(
          () => true,
          () => false,
        );
      await delay(this.#clock, SETTLE_MS);
      if (answered && this.#stream === stream) this.#announce();
    }
  }

  #announce(): void {
    if (!this.#lost) return;
    this.#lost = false;
    this.#listener({ type: 'reconnected', id: '' });
  }

  #deliver(envelope: Envelope): void {
    this.#announce();
    const type = TOPICS[envelope.topic];
    if (type === undefined || envelope.event === null) return;
    const task = this.#codec.decode(envelope.topic, envelope.event.value);
    if (type === 'exited' && task.id && task.id !== task.containerId) {
      this.#execEnded(task.containerId, task.id);
      return;
    }
    this.#listener({ type, id: task.containerId });
  }

  close(): void {
    this.#closed = true;
    this.#cancelRetry();
    this.#stream?.cancel();
  }
}
