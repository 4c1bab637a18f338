import { describe, expect, it } from 'vitest';
import type { Implementation } from '../contract-suite.ts';
import { commit, create, encode, listed, podKey, record, remove, update } from '../sample.ts';

const a = podKey('a');
const b = podKey('b');
const web = { labels: { app: 'web' } };
const isWeb = [{ key: 'app', operator: 'in' as const, values: ['web'] }];

export function watchRules({ open, reopen }: Implementation): void {
  describe('watches', () => {
    it('WATCH-1 a live watch gets every change once, in order', async () => {
      const shard = open();
      const watch = await record(shard, { since: 1 });
      await commit(shard, create(a), create(b));
      await commit(shard, update(a));
      await commit(shard, remove(b), { type: 'delete', key: a, object: encode(a, { data: 'last' }) });
      expect(watch.lines()).toEqual(['ADDED a@2', 'ADDED b@2', 'MODIFIED a@3', 'DELETED b@4', 'DELETED a@4']);
      expect(watch.events.at(-1)!.object.data).toBe('last');
    });

    it('WATCH-1 a watch from the past reads the same from the log, with the texts of then', async () => {
      const shard = open();
      await commit(shard, create(a, { data: '1' }), create(b, { data: 'b' }));
      await commit(shard, update(a, { data: '2' }));
      await commit(shard, remove(a));
      await commit(shard, create(a, { data: '3' }), { type: 'delete', key: b, object: encode(b, { data: 'last' }) });
      await commit(shard, update(a, { data: '4' }));
      const again = reopen?.(shard) ?? shard;
      const watch = await record(again, { since: 1 });
      const expected = [
        'ADDED a@2',
        'ADDED b@2',
        'MODIFIED a@3',
        'DELETED a@4',
        'ADDED a@5',
        'DELETED b@5',
        'MODIFIED a@6',
      ];
      expect(watch.lines()).toEqual(expected);
      expect(watch.events.map((event) => event.object.data)).toEqual(['1', 'b', '2', '2', '3', 'last', '4']);
      for (let since = 2; since <= 6; since++) {
        const rest = await record(again, { since });
        expect(rest.lines()).toEqual(expected.filter((line) => Number(line.split('@')[1]) > since));
      }
    });

    it('WATCH-1 no gap between catching up and live', async () => {
      const shard = open();
      await commit(shard, create(a));
      const opening = record(shard, { since: 1 });
      const writing = commit(shard, update(a));
      const [watch] = await Promise.all([opening, writing]);
      await commit(shard, update(a));
      expect(watch.lines()).toEqual(['ADDED a@2', 'MODIFIED a@3', 'MODIFIED a@4']);
    });

    it.each(['live', 'from the log'])(
      'WATCH-1 selectors: entering is ADDED, leaving is DELETED in the former state (%s)',
      async (how) => {
        const shard = open();
        const live = how === 'live' ? await record(shard, { since: 1, labels: isWeb }) : undefined;
        await commit(shard, create(a, { data: '1' }));
        await commit(shard, update(a, { ...web, data: '2' }));
        await commit(shard, update(a, { ...web, data: '3' }));
        await commit(shard, update(a, { data: '4' }));
        await commit(shard, update(a, { data: '5' }));
        await commit(shard, remove(a));
        await commit(shard, create(b, { ...web, data: '6' }));
        await commit(shard, remove(b));
        const watch = live ?? (await record(shard, { since: 1, labels: isWeb }));
        expect(watch.lines()).toEqual(['ADDED a@3', 'MODIFIED a@4', 'DELETED a@5', 'ADDED b@8', 'DELETED b@9']);
        expect(watch.events.map((event) => event.object.data)).toEqual(['2', '3', '3', '6', '6']);
      },
    );

    it('WATCH-1 namespace, field and owner narrow a watch', async () => {
      const shard = open();
      const onNode = [{ field: 'spec.nodeName', operator: '=' as const, value: 'n1' }];
      const watches = await Promise.all([
        record(shard, { since: 1, namespace: 'x' }),
        record(shard, { since: 1, fields: onNode }),
        record(shard, { since: 1, owner: 'o' }),
        record(shard, { since: 1, fields: [{ field: 'metadata.name', operator: '=', value: 'b' }] }),
        record(shard, { since: 1, fields: [{ field: 'metadata.name', operator: '!=', value: 'b' }] }),
        record(shard, { since: 1, resource: 'nodes' }),
      ]);
      const bound = (node: string) => ({ fields: { 'spec.nodeName': node } });
      await commit(shard, create(podKey('a', 'x'), { owners: ['o'] }), create(b));
      await commit(shard, update(b, bound('n1')));
      await commit(shard, update(b, bound('n2')), update(podKey('a', 'x')));
      expect(watches.map((watch) => watch.lines())).toEqual([
        ['ADDED a@2', 'MODIFIED a@4'],
        ['ADDED b@3', 'DELETED b@4'],
        ['ADDED a@2', 'DELETED a@4'],
        ['ADDED b@2', 'MODIFIED b@3', 'MODIFIED b@4'],
        ['ADDED a@2', 'MODIFIED a@4'],
        [],
      ]);
    });

    it('WATCH-1 without a start the present state comes first', async () => {
      const shard = open();
      await commit(shard, create(b), create(a));
      await commit(shard, update(a));
      const watch = await record(shard, { bookmarks: true });
      await commit(shard, remove(b));
      expect(watch.lines()).toEqual(['ADDED a@3', 'ADDED b@2', 'DELETED b@4']);
    });

    it('WATCH-1 a closed watch hears nothing more', async () => {
      const shard = open();
      const watch = await record(shard, { since: 1 });
      await commit(shard, create(a));
      watch.close();
      await commit(shard, update(a));
      expect(watch.lines()).toEqual(['ADDED a@2']);
      expect(watch.closed()).toBeUndefined();
    });

    it('WATCH-2 initial events equal a list and end with the annotated bookmark', async () => {
      const shard = open();
      for (let i = 0; i < 40; i++)
        await commit(shard, create(podKey(`p${i}`), { ...(i % 2 ? web : {}), data: 'x'.repeat(20_000) }));
      const list = await listed(shard, { labels: isWeb });
      const watch = await record(shard, { labels: isWeb, initialEvents: true, bookmarks: true, since: 0 });
      await commit(shard, update(podKey('p1'), web));
      const end = watch.events.findIndex((event) => event.type === 'BOOKMARK');
      expect(watch.events.slice(0, end).map((event) => event.object)).toEqual(list.objects);
      expect(watch.events[end]!.object).toEqual({
        kind: 'Pod',
        apiVersion: 'v1',
        metadata: { resourceVersion: String(list.revision), annotations: { 'k8s.io/initial-events-end': 'true' } },
      });
      expect(watch.lines().slice(end + 1)).toEqual([`MODIFIED p1@${list.revision + 1}`]);
    });

    it('WATCH-2 without bookmarks the initial events end without one', async () => {
      const shard = open();
      await commit(shard, create(a));
      const watch = await record(shard, { initialEvents: true });
      expect(watch.lines()).toEqual(['ADDED a@2']);
    });

    it('WATCH-3 a start below the compacted revision gives one 410 and the end', async () => {
      const shard = open();
      await commit(shard, create(a));
      await commit(shard, update(a));
      shard.compact();
      await commit(shard, update(a));
      const old = await record(shard, { since: 2 });
      expect(old.events).toMatchObject([{ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } }]);
      expect(old.closed()).toBe('Expired');
      const edge = await record(shard, { since: 3 });
      expect(edge.lines()).toEqual(['MODIFIED a@4']);
    });

    it('WATCH-3 a start in the future stays silent until then', async () => {
      const shard = open();
      await commit(shard, create(a));
      const watch = await record(shard, { since: 4 });
      const near = await record(shard, { since: 2 });
      for (let i = 0; i < 3; i++) await commit(shard, update(a));
      expect(watch.lines()).toEqual(['MODIFIED a@5']);
      expect(near.lines()).toHaveLength(3);
      const impossible = await record(shard, { since: 99, initialEvents: true });
      expect(impossible.events).toMatchObject([{ type: 'ERROR', object: { code: 504, reason: 'Timeout' } }]);
      expect(impossible.closed()).toBeDefined();
    });

    it('WATCH-3 compaction does not disturb a live watch', async () => {
      const shard = open();
      const watch = await record(shard, { since: 1 });
      await commit(shard, create(a));
      shard.compact();
      await commit(shard, update(a));
      expect(watch.lines()).toEqual(['ADDED a@2', 'MODIFIED a@3']);
    });

    it('WATCH-5 a hundred watchers get the same, however they came', async () => {
      const shard = open();
      const watches = await Promise.all(Array.from({ length: 100 }, () => record(shard, { since: 1 })));
      for (let i = 0; i < 20; i++) await commit(shard, create(podKey(`p${i}`)));
      const settled = () => watches.every((watch) => watch.events.length === 20);
      while (!settled()) await new Promise((resolve) => setTimeout(resolve, 1));
      for (const watch of watches) expect(watch.lines()).toEqual(watches[0]!.lines());
    });
  });
}
