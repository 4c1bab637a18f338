import { expect, it } from 'vitest';
import type { CriConnection } from '../../../src/agent/runtime/cri/connection.ts';
import { ExecProcesses } from '../../../src/agent/runtime/cri/execs.ts';
import type { Clock } from '../../../src/base/clock.ts';

function setUp() {
  const deleted: object[] = [];
  const timers: (() => void)[] = [];
  const connection = {
    call: async (_service: string, name: string, request: object) =>
      void (name === 'DeleteProcess' && deleted.push(request)),
  } as unknown as CriConnection;
  const after = (_ms: number, run: () => void) => {
    timers.push(run);
    return () => {};
  };
  const clock = { after } as unknown as Clock;
  const execs = new ExecProcesses(connection, clock);
  const pass = () => {
    for (const run of timers.splice(0)) run();
  };
  return { execs, deleted, pass };
}

it('deletes ended processes of the container alone, and only once released', () => {
  const { execs, deleted, pass } = setUp();
  const watch = execs.watch('c1');
  execs.ended('c1', 'before');
  execs.ended('c2', 'other');
  pass();
  expect(deleted).toEqual([]);
  watch.release();
  execs.ended('c1', 'after');
  pass();
  expect(deleted).toEqual([
    { containerId: 'c1', execId: 'before' },
    { containerId: 'c1', execId: 'after' },
  ]);
});

it('leaves alone what containerd ended by itself in time', () => {
  const { execs, deleted, pass } = setUp();
  const watch = execs.watch('c1');
  watch.release();
  execs.ended('c1', 'e');
  watch.stop();
  pass();
  expect(deleted).toEqual([]);
});
