import { EventEmitter } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import type { CriConnection } from '../../../src/agent/runtime/cri/connection.ts';
import { TaskEvents } from '../../../src/agent/runtime/cri/events.ts';
import { systemClock } from '../../../src/base/clock.ts';

/** A containerd that accepts a request for events, sends nothing, and can go away. */
class SilentContainerd {
  streams: EventEmitter[] = [];
  answers = true;
  calls = 0;
  stream(): EventEmitter {
    const stream = Object.assign(new EventEmitter(), { cancel: () => {} });
    this.streams.push(stream);
    return stream;
  }
  async call(): Promise<object> {
    this.calls++;
    if (!this.answers) throw new Error('unavailable');
    return {};
  }
  goAway(): void {
    const stream = this.streams.at(-1);
    stream?.emit('error', new Error('unavailable'));
    stream?.emit('close');
  }
}

describe("containerd's events", () => {
  it('are known to be whole again though nothing happens after a lost connection', async () => {
    vi.useFakeTimers();
    const containerd = new SilentContainerd();
    const seen: string[] = [];
    const events = new TaskEvents(containerd as unknown as CriConnection, systemClock, (event) =>
      seen.push(event.type),
    );
    try {
      await vi.advanceTimersByTimeAsync(60_000);
      expect([seen, containerd.calls]).toEqual([[], 0]);

      containerd.answers = false;
      containerd.goAway();
      await vi.advanceTimersByTimeAsync(600);
      expect(containerd.streams).toHaveLength(2);
      expect(seen).toEqual([]);

      containerd.goAway();
      containerd.answers = true;
      await vi.advanceTimersByTimeAsync(1_000);
      expect(containerd.streams).toHaveLength(3);
      expect(seen).toEqual(['reconnected']);
      const { calls } = containerd;
      await vi.advanceTimersByTimeAsync(60_000);
      expect([seen, containerd.calls]).toEqual([['reconnected'], calls]);
    } finally {
      events.close();
      vi.useRealTimers();
    }
  });
});
