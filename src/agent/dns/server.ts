/** Cluster DNS on the node: the zone from the store of services, everything else from the host's resolvers. */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { type Answer, decode, encode, type Packet, type Question } from 'dns-packet';
import { type Log, messageOf } from '../log.ts';
import { type Forwarder, lengthOf } from './forward.ts';
import { answerZone, startOfAuthority, type Zone } from './records.ts';

export interface DnsServerOptions {
  /** Address to listen on. */
  host: string;
  /** 0 takes a free one. */
  port: number;
  zone: () => Zone;
  forwarder: Forwarder;
  log: Log;
}

export interface DnsServer {
  readonly port: number;
  close(): Promise<void>;
}

const AUTHORITATIVE = 1 << 10;
const TRUNCATED = 1 << 9;
const RECURSION_DESIRED = 1 << 8;
const RECURSION_AVAILABLE = 1 << 7;
const Rcode = { ok: 0, formatError: 1, serverFailure: 2, noName: 3, notImplemented: 4 } as const;
const PLAIN_UDP_BYTES = 512;
const MAX_UDP_BYTES = 1232;
const TCP_IDLE_MS = 10_000;
const MAX_TCP_CLIENTS = 500;

/** Listens on UDP and TCP. Rejects when the address cannot be taken. */
export async function startDnsServer(options: DnsServerOptions): Promise<DnsServer> {
  const udp = createSocket({ type: 'udp4', reuseAddr: true });
  udp.on('error', (error) => options.log('error', 'cluster DNS has a socket error', { error: error.message }));
  udp.on('message', (query, peer) => {
    void answerQuery(query, false, options).then((answer) => {
      if (answer) udp.send(answer, peer.port, peer.address, () => {});
    });
  });
  const tcp = createTcpServer((socket) => serveTcp(socket, options));
  tcp.maxConnections = MAX_TCP_CLIENTS;
  const port = await new Promise<number>((resolve, reject) => {
    tcp.once('error', reject);
    tcp.listen(options.port, options.host, () => {
      const bound = tcp.address();
      const chosen = typeof bound === 'object' && bound ? bound.port : options.port;
      udp.once('error', reject);
      udp.bind(chosen, options.host, () => resolve(chosen));
    });
  });
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        udp.close();
        tcp.close(() => resolve());
      }),
  };
}

function serveTcp(socket: Socket, options: DnsServerOptions): void {
  let pending = Buffer.alloc(0);
  socket.setTimeout(TCP_IDLE_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
      const length = pending.readUInt16BE(0);
      const query = Buffer.from(pending.subarray(2, 2 + length));
      pending = pending.subarray(2 + length);
      void answerQuery(query, true, options).then((answer) => {
        if (answer) socket.write(Buffer.concat([lengthOf(answer), answer]));
      });
    }
  });
}

/** The answer to one message; undefined for what is no question at all. Never rejects. */
export async function answerQuery(
  query: Buffer,
  overTcp: boolean,
  options: Pick<DnsServerOptions, 'zone' | 'forwarder' | 'log'>,
): Promise<Buffer | undefined> {
  let packet: Packet;
  try {
    packet = decode(query);
  } catch {
    return query.length >= 12 ? failure(query, Rcode.formatError) : undefined;
  }
  if (packet.type !== 'query') return undefined;
  const [question] = packet.questions ?? [];
  if (((query.readUInt16BE(2) >> 11) & 15) !== 0) return failure(query, Rcode.notImplemented);
  if (!question || packet.questions?.length !== 1) return failure(query, Rcode.formatError);
  try {
    return await answerQuestion({ query, packet, question, overTcp }, options);
  } catch (error) {
    options.log('debug', 'a name could not be resolved', { name: question.name, error: messageOf(error) });
    return failure(query, Rcode.serverFailure);
  }
}

interface Asked {
  query: Buffer;
  packet: Packet;
  question: Question;
  overTcp: boolean;
}

async function answerQuestion(asked: Asked, options: Pick<DnsServerOptions, 'zone' | 'forwarder'>): Promise<Buffer> {
  const { query, question, overTcp } = asked;
  const zone = options.zone();
  const local = answerZone(zone, question.name.toLowerCase().replace(/\.$/, ''), question.type);
  if (!local) return options.forwarder.ask(query, overTcp);
  // A name that is not known yet is no name that does not exist.
  if (!zone.synced) throw new Error('services are not known yet');
  const answers: Answer[] = local.answers.map((answer) =>
    answer.name === question.name.toLowerCase() ? { ...answer, name: question.name } : answer,
  );
  if (local.chase && (question.type === 'A' || question.type === 'AAAA'))
    answers.push(...(await chase(local.chase, question.type, options)));
  const negative = answers.length === 0;
  const rcode = local.exists ? Rcode.ok : Rcode.noName;
  return respond(asked, {
    flags: AUTHORITATIVE | rcode,
    answers,
    authorities: negative ? [startOfAuthority(zone.domain)] : [],
    additionals: local.additionals,
  });
}

/** Addresses of the name that an ExternalName service stands for; none when they cannot be had. */
async function chase(
  name: string,
  type: 'A' | 'AAAA',
  options: Pick<DnsServerOptions, 'zone' | 'forwarder'>,
): Promise<Answer[]> {
  const local = answerZone(options.zone(), name.toLowerCase(), type);
  if (local) return local.answers;
  const query = encode({
    type: 'query',
    id: randomInt(65_536),
    flags: RECURSION_DESIRED,
    questions: [{ name, type }],
  });
  const answer = await options.forwarder.ask(query, false).catch(() => undefined);
  return answer ? (decode(answer).answers ?? []) : [];
}

interface Sections {
  flags: number;
  answers: Answer[];
  authorities: Answer[];
  additionals: Answer[];
}

function respond(asked: Asked, sections: Sections): Buffer {
  const { packet, question, overTcp } = asked;
  const edns = packet.additionals?.find((one) => one.type === 'OPT');
  const limit = overTcp
    ? 65_535
    : Math.min(MAX_UDP_BYTES, Math.max(PLAIN_UDP_BYTES, edns && 'udpPayloadSize' in edns ? edns.udpPayloadSize : 0));
  const opt = edns
    ? [
        {
          type: 'OPT',
          name: '.',
          udpPayloadSize: MAX_UDP_BYTES,
          extendedRcode: 0,
          ednsVersion: 0,
          flags: 0,
          options: [],
        } as unknown as Answer,
      ]
    : [];
  const flags = sections.flags | RECURSION_AVAILABLE | ((packet.flags ?? 0) & RECURSION_DESIRED);
  const build = (part: Partial<Packet>) =>
    encode({ type: 'response', id: packet.id ?? 0, questions: [question], ...part });
  const whole = build({
    flags,
    answers: sections.answers,
    authorities: sections.authorities,
    additionals: [...sections.additionals, ...opt],
  });
  if (whole.length <= limit) return whole;
  // Additional records are a courtesy; what was asked for is not.
  const bare = build({ flags, answers: sections.answers, authorities: sections.authorities, additionals: opt });
  return bare.length <= limit ? bare : build({ flags: flags | TRUNCATED, additionals: opt });
}

/** The question's own header with a response code and nothing else. */
function failure(query: Buffer, rcode: number): Buffer {
  const out = Buffer.alloc(12);
  query.copy(out, 0, 0, 2);
  out.writeUInt16BE(0x8000 | (query.readUInt16BE(2) & 0x7900) | RECURSION_AVAILABLE | rcode, 2);
  return out;
}
