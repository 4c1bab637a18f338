import { describe, expect, it } from 'vitest';
import { createSendWindow } from '../../../src/agent/streams/spdy-window.ts';

/** A server's five workers: frames and pings wait in the queue of one; pings go round. */
function spdyServer() {
  const queues: (number | 'frame')[][] = [[], [], [], [], []];
  let pings = 0;
  const window = createSendWindow((id) => queues[pings++ % 5]?.push(id));
  const send = async (stream: number) => {
    await window.take(stream);
    queues[stream % 5]?.push('frame');
  };
  const consume = (worker: number) => {
    for (const item of queues[worker]?.splice(0) ?? []) if (item !== 'frame') window.answered(item);
  };
  const depth = () => Math.max(...queues.map((queue) => queue.length));
  return { window, send, consume, depth };
}

const settle = async () => {
  for (let i = 0; i < 50; i++) await Promise.resolve();
};

describe('the send window of a SPDY connection', () => {
  it('never fills the queue of a worker whose data nobody takes', async () => {
    const server = spdyServer();
    // Streams 3 and 13 share a worker.
    for (let i = 0; i < 200; i++) void server.send(i % 2 === 0 ? 3 : 13);
    await settle();
    expect(server.depth()).toBeLessThan(50);
  });

  it('sends on once the data is taken, whatever other workers do', async () => {
    const server = spdyServer();
    let sent = 0;
    const all = (async () => {
      for (; sent < 500; sent++) await server.send(3);
    })();
    await settle();
    expect(sent).toBeLessThan(50);
    server.consume(1);
    await settle();
    expect(sent).toBeLessThan(50);
    for (let i = 0; i < 500 && sent < 500; i++) {
      server.consume(3);
      await settle();
    }
    await all;
    expect(sent).toBe(500);
  });

  it('lets every sender go when it closes', async () => {
    const server = spdyServer();
    const all = Promise.all(Array.from({ length: 200 }, () => server.window.take(3)));
    server.window.close();
    await all;
  });
});
