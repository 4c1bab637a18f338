/** A small closed-loop client: as many requests at a time as it has connections, the next when one is answered. */
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { connect } from 'node:net';
import { sleep } from './process.ts';

export interface Call {
  method?: string;
  path: string;
  body?: string;
  contentType?: string;
}

export class Client {
  readonly #agent: Agent;
  readonly #port: number;
  readonly #headers: Record<string, string>;
  readonly #token: string;

  /** Talks to this machine only, so the certificate is not checked. */
  constructor(port: number, token: string, connections: number) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections, rejectUnauthorized: false });
    this.#port = port;
    this.#token = token;
    this.#headers = { authorization: `Bearer ${token}` };
  }

  /** A client of the same server with connections of its own. */
  another(connections: number): Client {
    return new Client(this.#port, this.#token, connections);
  }

  /** The answer's text. Throws for any status but 2xx. */
  async send(call: Call): Promise<string> {
    const response = await this.open(call);
    let text = '';
    response.setEncoding('utf8');
    for await (const part of response) text += part;
    if (response.statusCode === undefined || response.statusCode >= 300) {
      throw new Error(`${call.method ?? 'GET'} ${call.path}: ${response.statusCode} ${text.slice(0, 300)}`);
    }
    return text;
  }

  /** The answer as it arrives. */
  open(call: Call): Promise<IncomingMessage> {
    const headers: Record<string, string | number> = { ...this.#headers };
    if (call.body !== undefined) {
      headers['content-type'] = call.contentType ?? 'application/json';
      headers['content-length'] = Buffer.byteLength(call.body);
    }
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: this.#port, path: call.path, method: call.method ?? 'GET' };
      const sent = request({ ...options, agent: this.#agent, headers }, resolve);
      sent.on('error', reject);
      sent.end(call.body);
    });
  }

  /** Asks until the answer is good; the time when it was, as `performance.now()`. */
  async untilAnswered(path: string): Promise<number> {
    for (const deadline = performance.now() + 120_000; performance.now() < deadline; await sleep(5)) {
      try {
        await this.send({ path });
        return performance.now();
      } catch {
        // Not listening yet, or not ready.
      }
    }
    throw new Error(`no answer to ${path}`);
  }

  /** Waits until the port takes connections; the time when it did, as `performance.now()`. */
  async untilListening(): Promise<number> {
    for (const deadline = performance.now() + 30_000; performance.now() < deadline; await sleep(1)) {
      if (await this.#takesConnections()) return performance.now();
    }
    throw new Error('nothing listens');
  }

  #takesConnections(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.#port, '127.0.0.1');
      const end = (taken: boolean) => () => {
        socket.destroy();
        resolve(taken);
      };
      socket.once('connect', end(true)).once('error', end(false));
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

export interface Load {
  count: number;
  connections: number;
  once(i: number): Promise<unknown>;
}

export interface Measured {
  perSecond: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
}

/** Runs a load after a short warm-up. */
export async function measure({ count, connections, once }: Load): Promise<Measured> {
  for (let i = 0; i < Math.min(50, count); i++) await once(-1 - i);
  const times: number[] = [];
  let next = 0;
  const start = performance.now();
  const work = async (): Promise<void> => {
    while (next < count) {
      const sent = performance.now();
      await once(next++);
      times.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: connections }, work));
  const seconds = (performance.now() - start) / 1000;
  return { perSecond: count / seconds, ...percentiles(times) };
}

export function percentiles(times: readonly number[]): { p50: number; p99: number } {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (part: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}
