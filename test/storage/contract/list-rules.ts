import { describe, expect, it } from 'vitest';
import type { FieldRequirement, LabelRequirement, ListQuery } from '../../../src/storage/contract.ts';
import type { LocalShard } from '../../../src/storage/local-shard.ts';
import type { Implementation } from '../contract-suite.ts';
import { commit, create, listed, podKey, remove, update } from '../sample.ts';

/** All pages of a list, with `between` run after each. */
async function pages(
  shard: LocalShard,
  query: Partial<ListQuery>,
  between: () => Promise<unknown> = async () => {},
): Promise<string[][]> {
  const found: string[][] = [];
  let page = await listed(shard, query);
  found.push(page.objects.map((object) => `${object.metadata.name}@${object.metadata.resourceVersion}`));
  while (page.next) {
    await between();
    page = await listed(shard, { ...query, after: page.next, revision: page.revision });
    found.push(page.objects.map((object) => `${object.metadata.name}@${object.metadata.resourceVersion}`));
  }
  return found;
}

const label = (key: string, operator: LabelRequirement['operator'], ...values: string[]): LabelRequirement => ({
  key,
  operator,
  values,
});
const field = (name: string, operator: FieldRequirement['operator'], value: string): FieldRequirement => ({
  field: name,
  operator,
  value,
});

export function listRules({ open, reopen }: Implementation): void {
  describe('lists', () => {
    it('LIST-1 objects come in order of namespace and name, of one resource', async () => {
      const shard = open();
      await commit(
        shard,
        create(podKey('b', 'y')),
        create(podKey('a', 'z')),
        create(podKey('b', 'x')),
        create(podKey('a', 'x')),
      );
      await commit(shard, create({ resource: 'nodes', namespace: '', name: 'n' }), create(podKey('a-b', 'x')));
      const all = await listed(shard);
      expect(all.objects.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)).toEqual([
        'x/a',
        'x/a-b',
        'x/b',
        'y/b',
        'z/a',
      ]);
      expect(all.revision).toBe(3);
      expect((await listed(shard, { namespace: 'x' })).names).toEqual(['a', 'a-b', 'b']);
      expect((await listed(shard, { namespace: 'none' })).names).toEqual([]);
      expect(await shard.list({ resource: 'none' })).toMatchObject({ ok: true, text: '', count: 0 });
    });

    it('LIST-1 a namespace comes after those that go on with a dash, page by page and in the past', async () => {
      const shard = open();
      const places = ['a-b', 'a', 'a0', 'a-b-c', 'b'].flatMap((namespace) => [
        podKey('x', namespace),
        podKey('y', namespace),
      ]);
      await commit(shard, ...places.map((key) => create(key)));
      const sorted = ['a-b-c/x', 'a-b-c/y', 'a-b/x', 'a-b/y', 'a/x', 'a/y', 'a0/x', 'a0/y', 'b/x', 'b/y'];
      const read = async (query: Partial<ListQuery>): Promise<string[]> => {
        const { objects } = await listed(shard, query);
        return objects.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
      };
      expect(await read({})).toEqual(sorted);
      const { revision } = await listed(shard);
      await commit(shard, remove(podKey('x', 'a-b')), remove(podKey('y', 'a')), create(podKey('z', 'a-c')));
      expect(await read({ revision, exact: true })).toEqual(sorted);
      expect((await read({})).slice(3, 5)).toEqual(['a-c/z', 'a/x']);
      for (const limit of [1, 2, 3]) {
        const found: string[] = [];
        let after: ListQuery['after'];
        do {
          const page = await listed(shard, { limit, revision, exact: true, ...(after ? { after } : {}) });
          found.push(...page.objects.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
          expect(page.remaining ?? 0).toBe(sorted.length - found.length);
          after = page.next;
        } while (after);
        expect(found).toEqual(sorted);
      }
    });

    it('LIST-1 pages stay at their snapshot while objects come, change and go', async () => {
      const shard = open();
      for (const name of ['b', 'd', 'f', 'h', 'j']) await commit(shard, create(podKey(name)));
      await commit(shard, update(podKey('j')));
      let round = 0;
      const writes = [
        () => commit(shard, create(podKey('a')), create(podKey('e')), create(podKey('z')), remove(podKey('f'))),
        () => commit(shard, update(podKey('h')), remove(podKey('j')), create(podKey('f'))),
        () => commit(shard, remove(podKey('f')), update(podKey('h')), remove(podKey('b')), create(podKey('j'))),
        () => commit(shard, remove(podKey('j'))),
      ];
      const found = await pages(shard, { limit: 1 }, () => writes[round++]!());
      expect(found).toEqual([['b@2'], ['d@3'], ['f@4'], ['h@5'], ['j@7']]);
      expect((await listed(shard, { revision: 7, exact: true })).names).toEqual(['b', 'd', 'f', 'h', 'j']);
      expect((await listed(shard)).names).toEqual(['a', 'd', 'e', 'h', 'z']);
    });

    it('LIST-1 a filtered snapshot goes by the labels of then', async () => {
      const shard = open();
      await commit(shard, create(podKey('a'), { labels: { app: 'x' }, owners: ['o'] }), create(podKey('b')));
      await commit(
        shard,
        update(podKey('a'), { owners: [] }),
        update(podKey('b'), { labels: { app: 'x' }, owners: ['o'] }),
      );
      const then = { labels: [label('app', 'in', 'x')], revision: 2, exact: true };
      expect((await listed(shard, then)).names).toEqual(['a']);
      expect((await listed(shard, { owner: 'o', revision: 2, exact: true })).names).toEqual(['a']);
      expect((await listed(shard, { ...then, revision: 3 })).names).toEqual(['b']);
    });

    it('LIST-1 after compaction older revisions have expired, the compacted one has not', async () => {
      const shard = open();
      await commit(shard, create(podKey('a')));
      await commit(shard, update(podKey('a')));
      shard.compact();
      await commit(shard, update(podKey('a')));
      expect(await shard.list({ resource: 'pods', revision: 2, exact: true })).toMatchObject({
        ok: false,
        why: 'Expired',
        revision: 4,
      });
      const after = { namespace: '', name: '' };
      expect(await shard.list({ resource: 'pods', revision: 2, after })).toMatchObject({ ok: false, why: 'Expired' });
      expect((await listed(shard, { revision: 3, exact: true })).objects[0]!.metadata.resourceVersion).toBe('3');
    });

    it('LIST-2 a revision is the lowest acceptable one unless it is exact; the future is too large', async () => {
      const shard = open();
      await commit(shard, create(podKey('a')));
      await commit(shard, create(podKey('b')));
      expect(await listed(shard, { revision: 2 })).toMatchObject({ revision: 3, names: ['a', 'b'] });
      expect(await listed(shard, { revision: 2, exact: true })).toMatchObject({ revision: 2, names: ['a'] });
      expect(await listed(shard, { revision: 1, exact: true })).toMatchObject({ revision: 1, names: [] });
      for (const exact of [true, false]) {
        expect(await shard.list({ resource: 'pods', revision: 4, exact })).toMatchObject({
          ok: false,
          why: 'TooLarge',
          revision: 3,
        });
      }
    });

    it.each([
      [[label('app', 'in', 'web')], ['a', 'b']],
      [[label('app', 'in', 'web', 'db')], ['a', 'b', 'c']],
      [[label('app', 'notin', 'web')], ['c', 'd']],
      [[label('app', 'exists')], ['a', 'b', 'c']],
      [[label('app', 'absent')], ['d']],
      [[label('n', 'gt', '9')], ['b']],
      [[label('n', 'lt', '10')], ['a']],
      [[label('app', 'in', 'web'), label('n', 'exists'), label('n', 'notin', '5')], ['b']],
      [[label('toString', 'exists')], []],
    ])('LIST-3 labels %j', async (labels, names) => {
      const shard = open();
      await commit(
        shard,
        create(podKey('a'), { labels: { app: 'web', n: '5' } }),
        create(podKey('b'), { labels: { app: 'web', n: '10' } }),
      );
      await commit(
        shard,
        create(podKey('c'), { labels: { app: 'db', n: 'x' } }),
        create(podKey('d'), { data: '"app":"web"' }),
      );
      expect((await listed(shard, { labels })).names).toEqual(names);
    });

    it('LIST-3 labels are those of the last commit, however often they were asked for before', async () => {
      const shard = open();
      const web = { labels: [label('app', 'in', 'web', 'www')] };
      await commit(
        shard,
        create(podKey('a'), { labels: { app: 'web' } }),
        create(podKey('b'), { labels: { app: 'db' } }),
      );
      expect((await listed(shard, web)).names).toEqual(['a']);
      await commit(shard, update(podKey('b'), { labels: { app: 'www', tier: 't' } }), create(podKey('c', 'other')));
      expect((await listed(shard, web)).names).toEqual(['a', 'b']);
      const refused = [update(podKey('a'), { labels: {} }), create(podKey('b'), { labels: { app: 'web' } })];
      await expect(commit(shard, ...refused)).rejects.toThrow('AlreadyExists');
      expect((await listed(shard, web)).names).toEqual(['a', 'b']);
      await commit(shard, remove(podKey('a')), update(podKey('c', 'other'), { labels: { app: 'web' } }));
      expect((await listed(shard, web)).names).toEqual(['b', 'c']);
      expect((await listed(shard, { ...web, namespace: 'other' })).names).toEqual(['c']);
      expect((await listed(shard, { ...web, after: { namespace: 'default', name: 'b' } })).names).toEqual(['c']);
    });

    it('LIST-3 a label on very many objects selects them all, in order and page by page', async () => {
      const shard = open();
      const name = (i: number): string => `p${String(i).padStart(4, '0')}`;
      for (let i = 0; i < 1_200; i += 100) {
        const some = Array.from({ length: 100 }, (_, k) => create(podKey(name(i + k)), { labels: { app: 'web' } }));
        await commit(shard, ...some);
      }
      const labels = [label('app', 'in', 'web')];
      expect((await listed(shard, { labels })).names).toHaveLength(1_200);
      const page = { labels, limit: 3, after: { namespace: 'default', name: name(1_100) } };
      expect((await listed(shard, page)).names).toEqual([name(1_101), name(1_102), name(1_103)]);
    });

    it.each([
      [[field('spec.nodeName', '=', 'n1')], ['a', 'c']],
      [[field('spec.nodeName', '!=', 'n1')], ['b', 'd']],
      [[field('spec.nodeName', '=', '')], ['d']],
      [[field('spec.nodeName', '=', 'n1'), field('status.phase', '=', 'Running')], ['a']],
      [[field('metadata.name', '=', 'b')], ['b']],
      [[field('metadata.namespace', '!=', 'default')], ['d']],
      [[field('metadata.name', '=', 'none')], []],
    ])('LIST-3 fields %j with and without an index', async (fields, names) => {
      for (const indexed of [[], ['spec.nodeName']]) {
        const shard = open();
        const pod = (node: string, phase: string) => ({
          fields: { 'spec.nodeName': node, 'status.phase': phase },
          indexed,
        });
        await commit(shard, create(podKey('a'), pod('n2', 'Running')), create(podKey('b'), pod('n2', 'Running')));
        await commit(shard, update(podKey('a'), pod('n1', 'Running')), create(podKey('c'), pod('n1', 'Pending')));
        await commit(shard, create(podKey('d', 'other')));
        expect((await listed(shard, { fields })).names).toEqual(names);
      }
    });

    it('LIST-3 a field that becomes indexed finds what was written before', async () => {
      const shard = open();
      const fields = { 'spec.nodeName': 'n1' };
      await commit(shard, create(podKey('old'), { fields }), create(podKey('moved'), { fields }));
      await commit(shard, create(podKey('new'), { fields, indexed: ['spec.nodeName'] }));
      await commit(shard, update(podKey('moved'), { fields: { 'spec.nodeName': 'n2' }, indexed: ['spec.nodeName'] }));
      const again = reopen?.(shard) ?? shard;
      expect((await listed(again, { fields: [field('spec.nodeName', '=', 'n1')] })).names).toEqual(['new', 'old']);
    });

    it('LIST-3 an owner finds its dependents, of the resource that is asked for', async () => {
      const shard = open();
      await commit(shard, create(podKey('a'), { owners: ['rs1', 'rs2'] }), create(podKey('b'), { owners: ['rs2'] }));
      await commit(shard, create({ resource: 'secrets', namespace: 'default', name: 's' }, { owners: ['rs2'] }));
      expect((await listed(shard, { owner: 'rs2' })).names).toEqual(['a', 'b']);
      expect((await listed(shard, { owner: 'rs1' })).names).toEqual(['a']);
      const dependents = (await shard.dependents!('rs2')).map(({ key }) => `${key.resource}/${key.name}`);
      expect(dependents).toEqual(['pods/a', 'pods/b', 'secrets/s']);
      await commit(shard, update(podKey('a'), { owners: ['rs1'] }), remove(podKey('b')));
      expect((await listed(shard, { owner: 'rs2' })).names).toEqual([]);
      expect((await listed(shard, { owner: 'rs2', resource: 'secrets' })).names).toEqual(['s']);
    });

    it('LIST-4 limit and remaining', async () => {
      const shard = open();
      await commit(shard, ...['a', 'b', 'c', 'd'].map((name) => create(podKey(name), { labels: { app: name } })));
      const first = await listed(shard, { limit: 2 });
      expect(first).toMatchObject({ names: ['a', 'b'], remaining: 2, next: { namespace: 'default', name: 'b' } });
      await commit(shard, remove(podKey('d')), create(podKey('bb')), create(podKey('e')), remove(podKey('a')));
      const second = await listed(shard, { limit: 1, after: first.next!, revision: first.revision });
      expect(second).toMatchObject({ names: ['c'], remaining: 1, revision: first.revision });
      const last = await listed(shard, { limit: 1, after: second.next!, revision: first.revision });
      expect(last.names).toEqual(['d']);
      expect(last.next).toBeUndefined();
      expect(last.remaining).toBeUndefined();
      const filtered = await listed(shard, { limit: 1, labels: [label('app', 'exists')] });
      expect(filtered.next).toBeDefined();
      expect(filtered.remaining).toBeUndefined();
      expect((await listed(shard, { limit: 0 })).names).toHaveLength(4);
    });

    it('LIST-4 maxCharacters ends a page early, but never before one object', async () => {
      const shard = open();
      const data = 'x'.repeat(1000);
      await commit(shard, ...['a', 'b', 'c'].map((name) => create(podKey(name), { data })));
      expect((await pages(shard, { maxCharacters: 2500 })).map((page) => page.length)).toEqual([2, 1]);
      expect((await pages(shard, { maxCharacters: 10 })).map((page) => page.length)).toEqual([1, 1, 1]);
    });

    it('LIST-4 a page may go on across namespaces and within one', async () => {
      const shard = open();
      await commit(
        shard,
        ...['x', 'y', 'z'].flatMap((namespace) => [create(podKey('a', namespace)), create(podKey('b', namespace))]),
      );
      expect((await pages(shard, { limit: 4 })).flat()).toHaveLength(6);
      expect((await listed(shard, { namespace: 'y', after: { namespace: 'y', name: 'a' } })).names).toEqual(['b']);
      expect((await listed(shard, { namespace: 'y', after: { namespace: 'z', name: 'a' } })).names).toEqual([]);
      expect((await listed(shard, { namespace: 'y', after: { namespace: 'x', name: 'b' } })).names).toEqual(['a', 'b']);
    });
  });
}
