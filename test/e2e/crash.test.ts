/**
 * TX-3 and REV-1 across SIGKILL: writers load a Storage object, its process is killed at a random moment and started
 * again, many times over (`KEDGE_CRASH_ROUNDS`, 20 unless given; the seed is printed and can be set).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import WebSocket from 'ws';
import type { ListResult, Transaction, TransactionResult, WriteOp } from '../../src/storage/contract.ts';
import { create, podKey, remove, update } from '../storage/sample.ts';
import { type CrashHost, createCrashHost } from './crash-host.ts';

const ROUNDS = Number(process.env.KEDGE_CRASH_ROUNDS ?? 20);
const SEED = Number(process.env.KEDGE_CRASH_SEED ?? Date.now() % 2 ** 31);
const WRITERS = 8;
const KEYS_PER_WRITER = 6;

/** mulberry32: small and good enough to vary a test. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const random = randomFrom(SEED);
const agent = new Agent({ keepAlive: true, maxSockets: 2 * WRITERS });
const directory = mkdtempSync(join(tmpdir(), 'kedge-crash-'));
let host: CrashHost;

beforeAll(async () => {
  host = await createCrashHost(directory, new URL('../workerd/crash-worker.ts', import.meta.url).pathname);
});

afterAll(async () => {
  await host.kill();
  agent.destroy();
  rmSync(directory, { recursive: true, force: true });
});

/** One call; throws when the process dies before it has answered. */
function call<T>(path: string, body: unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${host.url}${path}`, { method: 'POST', agent }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200 && response.complete) resolve(JSON.parse(text) as T);
        else reject(new Error(`${response.statusCode} ${text}`));
      });
    });
    outgoing.on('error', reject);
    outgoing.end(JSON.stringify(body));
  });
}

/** Content of a writer's objects: data by name, as of its last acknowledged transaction. */
type Content = Map<string, string>;

interface Writer {
  id: number;
  content: Content;
  /** Sent and not answered when the process died. */
  unanswered: Transaction | undefined;
  sent: number;
}

const writers: Writer[] = Array.from({ length: WRITERS }, (_, id) => ({
  id,
  content: new Map(),
  unanswered: undefined,
  sent: 0,
}));
/** Transaction of each acknowledged revision. */
const acknowledged = new Map<number, string>();

const namespaceOf = (writer: Writer): string => `writer-${writer.id}`;

function nextTransaction(writer: Writer): Transaction {
  const id = `${writer.id}-${writer.sent++}`;
  const names = new Set<string>();
  for (let i = 1 + Math.floor(random() * 3); i > 0; i--) names.add(`key-${Math.floor(random() * KEYS_PER_WRITER)}`);
  const ops = [...names].map((name): WriteOp => {
    const key = podKey(name, namespaceOf(writer));
    const data = `${id} ${'x'.repeat(Math.floor(random() * 3000))}`;
    if (!writer.content.has(name)) return create(key, { data });
    return random() < 0.25 ? remove(key) : update(key, { data });
  });
  return { id, ops };
}

function apply(content: Content, transaction: Transaction): Content {
  const after = new Map(content);
  for (const op of transaction.ops) {
    if (op.type === 'delete') after.delete(op.key.name);
    else if (op.type !== 'check') after.set(op.key.name, (JSON.parse(op.object.text) as { data: string }).data);
  }
  return after;
}

function acknowledge(writer: Writer, transaction: Transaction, result: TransactionResult): void {
  if (!result.ok) throw new Error(`${transaction.id}: ${result.why}`);
  expect(acknowledged.get(result.revision) ?? transaction.id).toBe(transaction.id);
  acknowledged.set(result.revision, transaction.id);
  writer.content = apply(writer.content, transaction);
  writer.unanswered = undefined;
}

/** Writes until the process dies. */
async function write(writer: Writer): Promise<void> {
  for (;;) {
    const transaction = nextTransaction(writer);
    writer.unanswered = transaction;
    let result: TransactionResult;
    try {
      result = await call<TransactionResult>('/transact', transaction);
    } catch {
      return;
    }
    acknowledge(writer, transaction, result);
  }
}

async function readContent(writer: Writer): Promise<Content> {
  const result = await call<ListResult>('/list', { resource: 'pods', namespace: namespaceOf(writer) });
  if (!result.ok) throw new Error(result.why);
  const objects = JSON.parse(`[${result.text}]`) as { metadata: { name: string }; data: string }[];
  return new Map(objects.map((object) => [object.metadata.name, object.data]));
}

/** Revisions of the log after `since`, through `until`, as a watch reads them. */
async function readLog(since: number, until: number): Promise<Set<number>> {
  const query = { resource: 'pods', since, bookmarks: false, apiVersion: 'v1', kind: 'Pod' };
  const headers = { 'x-kedge-watch': encodeURIComponent(JSON.stringify(query)) };
  const socket = new WebSocket(`${host.url.replace('http', 'ws')}/watch`, { headers });
  const revisions: number[] = [];
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('message', (data) => {
      const frame = String(data);
      if (frame === '+') return resolve();
      socket.send(`a${frame.length}`);
      for (const line of frame.trimEnd().split('\n')) {
        const event = JSON.parse(line) as { object: { metadata: { resourceVersion: string } } };
        revisions.push(Number(event.object.metadata.resourceVersion));
      }
    });
  });
  socket.terminate();
  expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
  return new Set(revisions.filter((revision) => revision <= until));
}

async function verify(before: number): Promise<number> {
  const revision = await call<number>('/revision', {});
  expect(revision).toBeGreaterThanOrEqual(Math.max(before, ...acknowledged.keys(), 1));
  for (const writer of writers) {
    const found = await readContent(writer);
    const { unanswered } = writer;
    if (!unanswered) {
      expect(found).toEqual(writer.content);
      continue;
    }
    // Whole or not at all; then, repeated, applied once.
    const whole = apply(writer.content, unanswered);
    expect([whole, writer.content]).toContainEqual(found);
    acknowledge(writer, unanswered, await call<TransactionResult>('/transact', unanswered));
    expect(await readContent(writer)).toEqual(whole);
  }
  const after = await call<number>('/revision', {});
  const log = await readLog(before, after);
  for (let expected = before + 1; expected <= after; expected++) expect(log).toContain(expected);
  return after;
}

it(
  `TX-3 REV-1 nothing acknowledged is lost in ${ROUNDS} kills (seed ${SEED})`,
  async () => {
    let revision = 1;
    for (let round = 0; round < ROUNDS; round++) {
      await host.start();
      revision = await verify(revision);
      const writing = Promise.all(writers.map(write));
      await new Promise((resolve) => setTimeout(resolve, 20 + random() * 180));
      await host.kill();
      await writing;
    }
    await host.start();
    await verify(revision);
    expect(acknowledged.size).toBeGreaterThan(ROUNDS);
    console.log(`${acknowledged.size} acknowledged transactions over ${ROUNDS} kills`);
  },
  ROUNDS * 5_000 + 60_000,
);
