import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readWatch, type WatchEvent } from '../../src/client/index.ts';

function streamOf(chunks: Uint8Array[], onCancel = () => {}): ReadableStream<Uint8Array> {
  let next = 0;
  return new ReadableStream({
    pull(controller) {
      const chunk = chunks[next++];
      if (chunk) controller.enqueue(chunk);
      else controller.close();
    },
    cancel: onCancel,
  });
}

const encode = (text: string) => new TextEncoder().encode(text);
const line = (type: string, object: unknown) => `${JSON.stringify({ type, object })}\n`;

async function collect(stream: ReadableStream<Uint8Array>): Promise<WatchEvent[]> {
  const events: WatchEvent[] = [];
  for await (const event of readWatch(stream)) events.push(event);
  return events;
}

test('events come out the same however the stream is cut', async () => {
  const objects = fc.array(
    fc.record({ metadata: fc.record({ name: fc.string({ unit: 'grapheme', maxLength: 40 }) }) }),
    { maxLength: 8 },
  );
  await fc.assert(
    fc.asyncProperty(objects, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), async (all, sizes) => {
      const bytes = encode(all.map((object) => line('ADDED', object)).join(''));
      const chunks: Uint8Array[] = [];
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = sizes[i % sizes.length] ?? 1;
        chunks.push(bytes.slice(at, at + size));
        at += size;
      }
      const events = await collect(streamOf(chunks));
      expect(events.map(({ object }) => object)).toEqual(all);
    }),
    { seed: 1, numRuns: 100 },
  );
});

test('a line that the end cut off is dropped, since it comes again', async () => {
  const whole = line('ADDED', { metadata: { name: 'a' } });
  expect(await collect(streamOf([encode(whole + whole.slice(0, -3))]))).toHaveLength(1);
});

test('a big event in many chunks is read in one piece', async () => {
  const object = { metadata: { name: 'big' }, data: 'x'.repeat(1_500_000) };
  const bytes = encode(line('MODIFIED', object));
  const chunks = Array.from({ length: Math.ceil(bytes.length / 1000) }, (_, i) =>
    bytes.slice(i * 1000, i * 1000 + 1000),
  );
  const [event] = await collect(streamOf(chunks));
  expect(event?.object).toEqual(object);
});

test('an ERROR event is thrown as its Status', async () => {
  const status = {
    kind: 'Status',
    status: 'Failure',
    reason: 'Expired',
    code: 410,
    message: 'too old resource version',
  };
  await expect(collect(streamOf([encode(line('ERROR', status))]))).rejects.toMatchObject({
    code: 410,
    reason: 'Expired',
  });
});

test.each([
  ['no JSON', '{"type":\n'],
  ['no known type', line('RENAMED', {})],
  ['no object', '{"type":"ADDED"}\n'],
  ['a null object', line('ADDED', null)],
])('a line with %s ends the watch with an error', async (_what, text) => {
  await expect(collect(streamOf([encode(text)]))).rejects.toThrow('a watch event');
});

test('a line without end is refused before it fills the memory', async () => {
  let sent = 0;
  const chunk = new Uint8Array(1024 * 1024).fill(120);
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent++;
      controller.enqueue(chunk);
    },
  });
  await expect(collect(endless)).rejects.toThrow('exceeds the size');
  expect(sent).toBeLessThan(20);
});

test('leaving the loop and aborting cancel the stream', async () => {
  let cancelled = 0;
  const lines = [encode(line('ADDED', { metadata: {} })), encode(line('ADDED', { metadata: {} }))];
  for await (const _ of readWatch(streamOf(lines, () => cancelled++))) break;
  const controller = new AbortController();
  const quiet = new ReadableStream<Uint8Array>({ cancel: () => void cancelled++ });
  const reading = (async () => {
    for await (const _ of readWatch(quiet, controller.signal)) throw new Error('nothing is sent');
  })();
  controller.abort();
  await reading;
  expect(cancelled).toBe(2);
});
