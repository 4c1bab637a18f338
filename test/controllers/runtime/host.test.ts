import { expect, test } from 'vitest';
import type { Client } from '../../../src/client/client.ts';
import { type Change, createMemoryQueueStore } from '../../../src/controllers/index.ts';
import { keyOfObject } from '../../../src/controllers/runtime/change.ts';
import {
  type Controller,
  type ControllerDefinition,
  defineController,
  TerminalError,
} from '../../../src/controllers/runtime/define-controller.ts';
import { createControllerHost } from '../../../src/controllers/runtime/host.ts';
import { configMaps, secrets } from '../../../src/kinds/index.ts';
import { serviceUnavailable } from '../../../src/machinery/status.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { createSeededRandom } from '../../support/seeded-random.ts';
import { TEST_SETTINGS } from '../../support/strategy-context.ts';

const emptyClient = { list: async () => ({ items: [] }) } as unknown as Client;

function setUp(controllers: Controller[], queue = createMemoryQueueStore()) {
  const clock = createManualClock(1_000_000);
  const alarms: (number | null)[] = [];
  for (const { name, version } of controllers) queue.setResynced(name, version);
  const open = () =>
    createControllerHost({
      controllers,
      clientFor: () => emptyClient,
      queue,
      clock,
      random: createSeededRandom(1),
      log: { info() {}, warn() {}, error() {} },
      scheduleAlarm: (at) => alarms.push(at),
      alarmAt: alarms.at(-1) ?? null,
      settings: { ...TEST_SETTINGS, caCertificate: '', podCIDR: '10.244.0.0/16' },
      dependentsOf: async () => [],
      lastSeen: async () => new Map(),
      kinds: async () => [],
    });
  return { clock, alarms, queue, host: open(), open };
}

function define(given: Partial<ControllerDefinition> & Pick<ControllerDefinition, 'reconcile'>): Controller {
  return defineController({
    name: 'test',
    watches: [{ kind: configMaps, keys: keyOfObject }],
    permissions: [],
    ...given,
  });
}

function change(name: string, resource = 'configmaps'): Change {
  const projection = { uid: name, labels: {}, fields: {}, owners: [], deleting: false };
  return { revision: 1, type: 'ADDED', key: { resource, namespace: 'ns', name }, projection };
}

function gate() {
  let open = () => {};
  const closed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { closed, open: () => open() };
}

async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await Promise.resolve();
}

test('work done within the grace of its delivery writes no row and sets no alarm', async () => {
  const seen: string[] = [];
  const { host, queue, alarms } = setUp([define({ reconcile: async (key) => void seen.push(key) })]);
  await host.deliver('main', [change('a'), change('b'), change('a')]);
  expect(seen.sort()).toEqual(['ns/a', 'ns/b']);
  expect([queue.writes, alarms]).toEqual([0, []]);
});

test('a key asked for while it runs runs once more, and never twice at a time', async () => {
  const first = gate();
  let running = 0;
  let most = 0;
  let runs = 0;
  const controller = define({
    reconcile: async () => {
      runs++;
      most = Math.max(most, ++running);
      if (runs === 1) await first.closed;
      running--;
      return undefined;
    },
  });
  const { host } = setUp([controller]);
  const started = host.deliver('main', [change('a')]);
  await turns();
  const deliveries = Array.from({ length: 50 }, () => host.deliver('main', [change('a')]));
  await turns();
  first.open();
  await Promise.all([started, ...deliveries]);
  await host.idle();
  expect([runs, most]).toEqual([2, 1]);
});

test('a delivery is acknowledged only when its work is done or has a row; the row outlives the object', async () => {
  const slow = gate();
  const seen: string[] = [];
  const controller = define({
    reconcile: async (key) => {
      seen.push(key);
      await slow.closed;
      return undefined;
    },
  });
  const { host, clock, queue, alarms, open } = setUp([controller]);
  let acknowledged = false;
  const delivery = host.deliver('main', [change('a')]).then(() => {
    acknowledged = true;
  });
  await turns();
  expect([acknowledged, queue.rows.size]).toEqual([false, 0]);
  clock.advance(100);
  await delivery;
  expect([...queue.rows.values()]).toMatchObject([{ controller: 'test', key: 'ns/a', attempts: 0 }]);
  expect(alarms.at(-1)).toBeGreaterThan(clock.now());
  // The object dies here; another one starts by its alarm.
  clock.advance(20_000);
  const next = open();
  slow.open();
  await next.alarm();
  await next.idle();
  expect(seen).toEqual(['ns/a', 'ns/a']);
  expect(queue.rows.size).toBe(0);
});

test('failures are retried after 5 ms, doubling to 1000 s; long pauses are rows', async () => {
  const at: number[] = [];
  const { host, clock, queue, alarms } = setUp([
    define({
      reconcile: async () => {
        at.push(clock.now());
        throw new Error('no');
      },
    }),
  ]);
  void host.deliver('main', [change('a')]);
  for (let i = 0; i < 26; i++) {
    await turns();
    const alarm = alarms.at(-1);
    const row = [...queue.rows.values()].find(({ due }) => due > clock.now());
    if (row && alarm != null && alarm > clock.now()) {
      clock.advance(row.due - clock.now());
      void host.alarm();
    } else clock.advance(5 * 2 ** i);
  }
  await turns();
  const pauses = at.slice(1).map((time, i) => time - (at[i] ?? 0));
  expect(pauses.slice(0, 8)).toEqual([5, 10, 20, 40, 80, 160, 320, 640]);
  expect(pauses.slice(8, 18)).toEqual([1280, 2560, 5120, 10_240, 20_480, 40_960, 81_920, 163_840, 327_680, 655_360]);
  expect(pauses.slice(18).every((pause) => pause === 1_000_000)).toBe(true);
  expect(pauses.length).toBeGreaterThan(18);
});

test('success forgets the failures before it', async () => {
  let fail = true;
  const { host, clock, queue } = setUp([
    define({
      reconcile: async () => {
        if (fail) throw new Error('no');
        return undefined;
      },
    }),
  ]);
  void host.deliver('main', [change('a')]);
  for (let i = 0; i < 10; i++) {
    await turns();
    clock.advance(5 * 2 ** i);
  }
  expect([...queue.rows.values()][0]?.attempts).toBeGreaterThan(5);
  fail = false;
  await host.deliver('main', [change('a')]);
  expect(queue.rows.size).toBe(0);
});

test('a TerminalError is not retried', async () => {
  let runs = 0;
  const controller = define({
    reconcile: async () => {
      runs++;
      throw new TerminalError('never');
    },
  });
  const { host, clock, queue } = setUp([controller]);
  await host.deliver('main', [change('a')]);
  clock.advance(10_000_000);
  await host.alarm();
  expect([runs, queue.rows.size]).toEqual([1, 0]);
});

test('requeueAfter is a row behind the one alarm, and the alarm goes when nothing is left', async () => {
  const times: number[] = [];
  const { host, clock, queue, alarms } = setUp([
    define({
      reconcile: async (key) => {
        times.push(clock.now());
        return times.length < 3 ? { requeueAfter: key === 'ns/a' ? 60_000 : 90_000 } : undefined;
      },
    }),
  ]);
  const start = clock.now();
  await host.deliver('main', [change('a'), change('b')]);
  expect(alarms).toEqual([start + 60_000]);
  clock.advance(60_000);
  await host.alarm();
  expect(alarms.at(-1)).toBe(start + 90_000);
  clock.advance(30_000);
  await host.alarm();
  expect([queue.rows.size, alarms.at(-1)]).toEqual([0, start + 90_000]);
});

test('looking at a key again does not push back or rewrite what wakes it earlier', async () => {
  const { host, clock, queue } = setUp([define({ reconcile: async () => ({ requeueAfter: 60_000 }) })]);
  await host.deliver('main', [change('a')]);
  const written = queue.writes;
  clock.advance(10_000);
  await host.deliver('main', [change('a')]);
  expect(queue.writes).toBe(written);
});

test('a hot key and a busy controller keep nobody waiting', async () => {
  const blocked = gate();
  const order: string[] = [];
  const busy = define({
    name: 'busy',
    concurrency: 4,
    reconcile: async (key) => {
      order.push(key);
      if (key === 'ns/hot') return { requeueAfter: 1 };
      await blocked.closed;
      return undefined;
    },
  });
  const calm = define({
    name: 'calm',
    watches: [{ kind: secrets, keys: keyOfObject }],
    reconcile: async (key) => void order.push(`calm ${key}`),
  });
  const { host } = setUp([busy, calm]);
  const hot = Array.from({ length: 100 }, (_, i) => change(`x${i}`));
  void host.deliver('main', [...hot, change('hot')]);
  await turns();
  await host.deliver('main', [change('s', 'secrets')]);
  expect(order.filter((key) => key.startsWith('ns/'))).toHaveLength(4);
  expect(order).toContain('calm ns/s');
  blocked.open();
  await host.idle();
  expect(order).toContain('ns/hot');
});

test('a delivery is refused when its keys cannot be read now, and goes on when they never can', async () => {
  let why: Error = serviceUnavailable('shard is away');
  const controller = define({
    watches: [
      {
        kind: configMaps,
        keys: () => {
          throw why;
        },
      },
    ],
    reconcile: async () => undefined,
  });
  const { host } = setUp([controller]);
  await expect(host.deliver('main', [change('a')])).rejects.toThrow('shard is away');
  why = new TypeError('a fault of the program');
  await host.deliver('main', [change('a')]);
});

test('a controller that this cluster has not met looks at everything once', async () => {
  const seen: string[] = [];
  const controller = define({ version: 2, reconcile: async (key) => void seen.push(key) });
  const { host, queue, open } = setUp([controller]);
  queue.setResynced('test', 1);
  const listed = emptyClient as { list: unknown };
  const before = listed.list;
  listed.list = async () => ({ items: [{ metadata: { name: 'old', namespace: 'ns', uid: 'u' } }] });
  await host.poke();
  await host.idle();
  await open().poke();
  listed.list = before;
  expect(seen).toEqual(['ns/old']);
  expect([queue.resynced('test'), queue.rows.size]).toEqual([2, 0]);
});

test('rows of controllers that no longer exist are dropped', async () => {
  const { host, queue, alarms } = setUp([define({ reconcile: async () => undefined })]);
  queue.put({ controller: 'removed', key: 'x', due: 1, attempts: 3 });
  await host.alarm();
  expect([queue.rows.size, alarms.at(-1) ?? null]).toEqual([0, null]);
});

test('a delivery whose keys cannot be found out is refused some times, then the controller looks at everything', async () => {
  const seen: string[] = [];
  const broken = define({
    name: 'broken',
    watches: [
      { kind: configMaps, keys: () => Promise.reject(serviceUnavailable('the list cannot be read')) },
      { kind: secrets, keys: keyOfObject },
    ],
    reconcile: async () => undefined,
  });
  const well = define({
    name: 'well',
    reconcile: async (key) => {
      seen.push(key);
      return undefined;
    },
  });
  const { host, queue } = setUp([broken, well]);
  for (let i = 0; i < 3; i++) await expect(host.deliver('main', [change('a')])).rejects.toThrow('cannot be read');
  await host.deliver('main', [change('a')]);
  await host.deliver('main', [change('b')]);
  expect(seen).toContain('ns/b');
  await host.idle();
  expect([...queue.rows.values()].map(({ controller, key }) => `${controller} ${key}`)).toEqual([]);
});
