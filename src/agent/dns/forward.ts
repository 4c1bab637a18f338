/** Questions about names outside the cluster go to the resolvers of the host. */
import { createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';

const TIMEOUT_MS = 2000;
const ATTEMPTS = 2;
const MAX_IN_FLIGHT = 1000;

/** Name servers of a resolv.conf. */
export function parseResolvers(text: string): string[] {
  return [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].map((match) => match[1] as string);
}

/** Name servers of this host, without `own` addresses, which would ask themselves. */
export async function hostResolvers(own: readonly string[], path = '/etc/resolv.conf'): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return parseResolvers(text).filter((server) => !own.includes(server));
}

export interface Forwarder {
  /** The answer of the first resolver that gives one, as it came but with the question's id. Rejects when none does. */
  ask(query: Buffer, overTcp: boolean): Promise<Buffer>;
}

/** `resolvers` is asked for at each question, so that a changed resolv.conf counts at once. Addresses may carry a port: `IP#PORT`. */
export function createForwarder(resolvers: () => Promise<readonly string[]>): Forwarder {
  let inFlight = 0;
  return {
    async ask(query, overTcp) {
      if (inFlight >= MAX_IN_FLIGHT) throw new Error('too many questions wait for an answer');
      inFlight++;
      try {
        let failure: unknown = new Error('this host has no name server');
        const servers = await resolvers();
        for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
          for (const server of servers) {
            try {
              return await (overTcp ? askTcp(query, server) : askUdp(query, server));
            } catch (error) {
              failure = error;
            }
          }
        }
        throw failure;
      } finally {
        inFlight--;
      }
    },
  };
}

function endpoint(server: string): { host: string; port: number } {
  const [host = '', port] = server.split('#');
  return { host, port: Number(port ?? 53) };
}

/** A socket of its own per question: a random port is what protects against forged answers. */
function askUdp(query: Buffer, server: string): Promise<Buffer> {
  const { host, port } = endpoint(server);
  const id = query.readUInt16BE(0);
  return new Promise((resolve, reject) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    const done = (end: () => void) => {
      clearTimeout(timer);
      socket.close();
      end();
    };
    const timer = setTimeout(() => done(() => reject(new Error(`${server} does not answer`))), TIMEOUT_MS);
    socket.on('error', (error) => done(() => reject(error)));
    socket.on('message', (answer) => {
      if (answer.length >= 12 && answer.readUInt16BE(0) === id) done(() => resolve(answer));
    });
    // A connected socket takes answers from the server only.
    socket.connect(port, host, () => socket.send(query));
  });
}

function askTcp(query: Buffer, server: string): Promise<Buffer> {
  const { host, port } = endpoint(server);
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: TIMEOUT_MS });
    let got = Buffer.alloc(0);
    const fail = (error: Error) => {
      socket.destroy();
      reject(error);
    };
    socket.on('connect', () => socket.write(Buffer.concat([lengthOf(query), query])));
    socket.on('data', (chunk) => {
      got = Buffer.concat([got, chunk]);
      const need = got.length >= 2 ? got.readUInt16BE(0) : 0xffff;
      if (got.length < 2 + need) return;
      socket.destroy();
      resolve(got.subarray(2, 2 + need));
    });
    socket.on('timeout', () => fail(new Error(`${server} does not answer`)));
    socket.on('error', fail);
    socket.on('close', () => fail(new Error(`${server} closed the connection`)));
  });
}

/** The two bytes before a message on TCP. */
export function lengthOf(message: Uint8Array): Buffer {
  const out = Buffer.alloc(2);
  out.writeUInt16BE(message.byteLength);
  return out;
}
