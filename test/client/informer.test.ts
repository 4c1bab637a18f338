import { expect, test } from 'vitest';
import { type Client, informerKey, runInformer, type WatchEvent } from '../../src/client/index.ts';
import { type ConfigMap, configMaps } from '../../src/kinds/index.ts';
import { expired, serviceUnavailable } from '../../src/machinery/status.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { createSeededRandom } from '../support/seeded-random.ts';

const map = (name: string, resourceVersion: string, uid = `uid-${name}`): ConfigMap => ({
  metadata: { name, namespace: 'ns', uid, resourceVersion },
});

type Step = { list: ConfigMap[]; at: string } | { watch: WatchEvent<ConfigMap>[]; fails?: Error } | { fails: Error };

/** Plays a script of answers; each list and watch takes the next step. */
async function play(script: Step[], onSet?: (name: string) => void) {
  const clock = createManualClock();
  const log: string[] = [];
  const end = new AbortController();
  const next = (what: 'list' | 'watch') => {
    const step = script.shift();
    if (step === undefined) {
      end.abort();
      throw new Error('the script is over');
    }
    if ('fails' in step && !('watch' in step)) throw step.fails;
    if (!(what in step)) throw new Error(`${what} was not expected`);
    return step as { list: ConfigMap[]; at: string; watch: WatchEvent<ConfigMap>[]; fails?: Error };
  };
  const client = {
    list: async () => {
      log.push('list');
      const { list, at } = next('list');
      return { items: list, metadata: { resourceVersion: at } };
    },
    async *watch(_kind: unknown, options: { resourceVersion: string }) {
      log.push(`watch ${options.resourceVersion}`);
      const { watch, fails } = next('watch');
      yield* watch;
      if (fails) throw fails;
    },
  } as unknown as Client;
  const running = runInformer<ConfigMap>({
    client,
    kind: configMaps,
    clock,
    random: createSeededRandom(1),
    signal: end.signal,
    onSet: (object, old) => {
      onSet?.(object.metadata.name ?? '');
      log.push(`${old ? 'change' : 'add'} ${informerKey(object)} ${object.metadata.resourceVersion}`);
    },
    onDelete: (object) => void log.push(`delete ${informerKey(object)}`),
    onSynced: (objects) => void log.push(`synced ${objects.size}`),
    onError: (error) => void log.push(`error ${(error as Error).message}`),
  });
  let done = false;
  void running.then(() => {
    done = true;
  });
  for (let i = 0; i < 500 && !done; i++) {
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    clock.advance(1_000);
  }
  await running;
  return log;
}

test('lists, follows, and resumes where a watch ended', async () => {
  const log = await play([
    { list: [map('a', '1')], at: '5' },
    {
      watch: [
        { type: 'MODIFIED', object: map('a', '6') },
        { type: 'BOOKMARK', object: map('', '9') },
      ],
    },
    {
      watch: [
        { type: 'DELETED', object: map('a', '10') },
        { type: 'ADDED', object: map('b', '11') },
      ],
    },
  ]);
  expect(log.slice(0, 9)).toEqual([
    'list',
    'add ns/a 1',
    'synced 1',
    'watch 5',
    'change ns/a 6',
    'watch 9',
    'delete ns/a',
    'add ns/b 11',
    'watch 11',
  ]);
});

test('after 410 it lists again and tells only what differs', async () => {
  const log = await play([
    { list: [map('a', '1'), map('b', '2'), map('c', '3')], at: '5' },
    { watch: [], fails: expired('too old') },
    { list: [map('a', '1'), map('b', '7'), map('d', '8')], at: '9' },
  ]);
  expect(log.slice(6)).toEqual(
    ['list', 'change ns/b 7', 'add ns/d 8', 'delete ns/c', 'synced 3', 'watch 9', 'error the script is over'].slice(
      0,
      6,
    ),
  );
});

test('an object that was recreated between two lists is a deletion and an addition', async () => {
  const log = await play([
    { list: [map('a', '1')], at: '5' },
    { watch: [], fails: expired('too old') },
    { list: [map('a', '7', 'another')], at: '9' },
  ]);
  expect(log.slice(4, 7)).toEqual(['list', 'delete ns/a', 'add ns/a 7']);
});

test('failures are told and tried again without losing the place', async () => {
  const log = await play([
    { fails: serviceUnavailable('away') },
    { list: [], at: '5' },
    { watch: [{ type: 'ADDED', object: map('a', '6') }], fails: serviceUnavailable('cut') },
    { watch: [] },
  ]);
  expect(log.slice(0, 7)).toEqual(['list', 'error away', 'list', 'synced 0', 'watch 5', 'add ns/a 6', 'error cut']);
  expect(log[7]).toBe('watch 6');
});

test('an event that the handler failed on comes again', async () => {
  let failures = 1;
  const log = await play(
    [
      { list: [], at: '5' },
      { watch: [{ type: 'ADDED', object: map('a', '6') }] },
      { watch: [{ type: 'ADDED', object: map('a', '6') }] },
    ],
    () => {
      if (failures-- > 0) throw new Error('disk full');
    },
  );
  expect(log.slice(2, 6)).toEqual(['watch 5', 'error disk full', 'watch 5', 'add ns/a 6']);
});
