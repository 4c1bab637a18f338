import { describe, expect, it } from 'vitest';
import type { ChangesQuery } from '../../../src/storage/contract.ts';
import type { LocalShard } from '../../../src/storage/local-shard.ts';
import type { Implementation } from '../contract-suite.ts';
import { commit, create, podKey, remove, transaction, update } from '../sample.ts';

const role = (name: string) => ({ resource: 'roles', namespace: 'default', name });

async function changed(shard: LocalShard, query: ChangesQuery): Promise<string[]> {
  const result = await shard.changes(query);
  if (!result.ok) throw new Error(result.why);
  return result.changes.map(
    ({ key, revision, text }) => `${key.resource}/${key.name}@${revision}${text === null ? ' gone' : ''}`,
  );
}

export function changesRules({ open, reopen }: Implementation): void {
  describe('changes', () => {
    it('CHANGES-1 each object that was written since, once, in its present state', async () => {
      const shard = open();
      await commit(shard, create(role('a')), create(role('b')), create(podKey('p')));
      await commit(shard, update(role('a')));
      await commit(shard, update(role('a')), create(role('c')));
      await commit(shard, remove(role('b')));
      await commit(shard, remove(role('c')));
      await commit(shard, create(role('c'), { data: 'again' }));
      const resources = ['roles'];
      expect((await changed(shard, { resources, since: 2 })).sort()).toEqual([
        'roles/a@4',
        'roles/b@5 gone',
        'roles/c@7',
      ]);
      expect(await changed(shard, { resources, since: 6 })).toEqual(['roles/c@7']);
      expect(await changed(shard, { resources, since: 7 })).toEqual([]);
      expect(await changed(shard, { resources })).toEqual(['roles/a@4', 'roles/c@7']);
      expect(await changed(shard, { resources: ['pods', 'none'] })).toEqual(['pods/p@2']);
      const result = await shard.changes({ resources, since: 6 });
      expect(result).toMatchObject({ ok: true, revision: 7 });
      if (result.ok)
        expect(JSON.parse(result.changes[0]!.text!)).toMatchObject({
          data: 'again',
          metadata: { resourceVersion: '7' },
        });
    });

    it('CHANGES-1 expires with the history', async () => {
      const shard = open();
      await commit(shard, create(role('a')));
      await commit(shard, update(role('a')));
      shard.compact();
      expect(await shard.changes({ resources: ['roles'], since: 2 })).toEqual({ ok: false, why: 'Expired' });
      expect(await changed(shard, { resources: ['roles'], since: 3 })).toEqual([]);
    });

    it('TRACK-1 every answer tells of writes to tracked resources', async () => {
      const shard = open();
      await commit(shard, create(role('a')), create(podKey('p')));
      const first = await shard.changes({ resources: ['roles'] });
      expect(first).toMatchObject({ revision: 2 });
      const { tracked } = await shard.get(podKey('p'));
      expect(tracked).toBeLessThanOrEqual(2);
      expect(await shard.transact(transaction(update(podKey('p'))))).toMatchObject({ revision: 3, tracked });
      expect(await shard.transact(transaction(update(role('a'))))).toMatchObject({ revision: 4, tracked: 4 });
      expect((await shard.get(podKey('p'))).tracked).toBe(4);
      expect(await shard.list({ resource: 'pods' })).toMatchObject({ tracked: 4 });
      expect(await shard.transact(transaction(create(podKey('p'))))).toMatchObject({ ok: false, tracked: 4 });
      const again = reopen?.(shard) ?? shard;
      await commit(again, update(role('a')));
      await commit(again, update(podKey('p')));
      expect((await again.get(podKey('p'))).tracked).toBe(5);
    });
  });
}
