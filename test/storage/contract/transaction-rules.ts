import { describe, expect, it } from 'vitest';
import { MAX_OBJECT_BYTES } from '../../../src/storage/contract.ts';
import type { Implementation } from '../contract-suite.ts';
import { commit, create, encode, listed, podKey, remove, transaction, update } from '../sample.ts';

const a = podKey('a');
const b = podKey('b');

export function transactionRules({ open, reopen }: Implementation): void {
  describe('transactions', () => {
    it('REV-1 the revision rises by one per writing transaction, whatever it writes', async () => {
      const shard = open();
      expect(await shard.revision()).toBe(1);
      expect((await commit(shard, create(a), create(b))).revision).toBe(2);
      expect((await commit(shard, update(a))).revision).toBe(3);
      expect((await commit(shard, remove(b))).revision).toBe(4);
      expect(await shard.revision()).toBe(4);
    });

    it('REV-1 failed transactions and checks leave the revision alone', async () => {
      const shard = open();
      await commit(shard, create(a));
      expect((await shard.transact(transaction(create(b), create(a)))).ok).toBe(false);
      await commit(shard, { type: 'check', key: a, expect: { uid: 'uid-a' } });
      expect(await shard.revision()).toBe(2);
    });

    it('REV-1 compacting everything does not lower the revision', async () => {
      const shard = open();
      await commit(shard, create(a));
      await commit(shard, remove(a));
      shard.compact();
      expect(await (reopen?.(shard) ?? shard).revision()).toBe(3);
    });

    it('REV-2 the text carries the revision of the last write', async () => {
      const shard = open();
      const { objects } = await commit(shard, create(a, { data: 'é' }));
      expect(JSON.parse(objects[0]!.text)).toMatchObject({
        metadata: { resourceVersion: '2', uid: 'uid-a' },
        data: 'é',
      });
      const { object, revision } = await shard.get(a);
      expect(object).toEqual(objects[0]);
      expect(revision).toBe(2);
      expect(object!.revision).toBe(2);
      expect((await shard.get(b)).object).toBeNull();
    });

    it('TX-2 create fails with AlreadyExists and shows what is there', async () => {
      const shard = open();
      const { objects } = await commit(shard, create(a, { data: '1' }));
      const result = await shard.transact(transaction(create(a, { data: '2' })));
      expect(result).toMatchObject({ ok: false, op: 0, why: 'AlreadyExists', current: objects[0] });
    });

    it.each([
      ['update', { revision: 99 }, 'RevisionMismatch'],
      ['update', { uid: 'other' }, 'UidMismatch'],
      ['delete', { revision: 99 }, 'RevisionMismatch'],
      ['delete', { uid: 'other' }, 'UidMismatch'],
      ['check', { revision: 99 }, 'RevisionMismatch'],
      ['check', { uid: 'other' }, 'UidMismatch'],
    ] as const)('TX-2 %s with %o fails with %s', async (type, expectation, why) => {
      const shard = open();
      await commit(shard, create(a));
      const op = { type, key: a, expect: expectation, object: encode(a) };
      expect(await shard.transact(transaction(op))).toMatchObject({ ok: false, why, current: { revision: 2 } });
      expect(await shard.transact(transaction({ ...op, key: b }))).toMatchObject({ ok: false, why: 'NotFound' });
      const holds = { ...op, expect: { revision: 2, uid: 'uid-a' } };
      expect(await shard.transact(transaction(holds))).toMatchObject({ ok: true });
    });

    it('TX-2 one failing operation undoes those before it', async () => {
      const shard = open();
      await commit(shard, create(a, { data: 'kept', claims: ['port/1'], owners: ['o'] }));
      const ops = [
        update(a, { data: 'lost', claims: ['port/2'] }),
        create(b, { claims: ['port/1'] }),
        remove(podKey('none')),
      ];
      expect(await shard.transact(transaction(...ops))).toMatchObject({ ok: false, op: 2, why: 'NotFound' });
      expect((await listed(shard)).objects.map((object) => object.data)).toEqual(['kept']);
      expect((await listed(shard, { owner: 'o' })).names).toEqual(['a']);
      expect(await shard.transact(transaction(create(b, { claims: ['port/1'] })))).toMatchObject({ why: 'ClaimTaken' });
      expect(await shard.transact(transaction(create(b, { claims: ['port/2'] })))).toMatchObject({ ok: true });
    });

    it('TX-2 a transaction that writes an object twice is refused', async () => {
      const shard = open();
      await expect(shard.transact(transaction(create(a), update(a)))).rejects.toThrow(/twice/);
      expect(await shard.revision()).toBe(1);
    });

    it('TX-2 delete answers the final state at its revision, given or as it was', async () => {
      const shard = open();
      await commit(shard, create(a, { data: '1' }), create(b));
      const asItWas = await commit(shard, remove(a));
      expect(JSON.parse(asItWas.objects[0]!.text)).toMatchObject({ metadata: { resourceVersion: '3' }, data: '1' });
      const given = await commit(shard, { type: 'delete', key: b, object: encode(b, { data: 'last' }) });
      expect(JSON.parse(given.objects[0]!.text)).toMatchObject({ metadata: { resourceVersion: '4' }, data: 'last' });
      expect((await listed(shard)).names).toEqual([]);
    });

    it('TX-3 a repeated call is applied once and answered alike', async () => {
      const shard = open();
      const first = transaction(create(a, { data: '1' }), create(b));
      const answer = await shard.transact(first);
      await commit(shard, update(a, { data: '2' }));
      expect(await shard.transact(first)).toEqual(answer);
      const last = transaction(remove(b));
      const gone = await shard.transact(last);
      expect(await shard.transact(last)).toEqual(gone);
      expect(await shard.revision()).toBe(4);
      expect((await listed(shard)).objects.map((object) => object.data)).toEqual(['2']);
    });

    it('TX-3 a call that failed is judged anew when it is repeated', async () => {
      const shard = open();
      const early = transaction(update(a));
      expect(await shard.transact(early)).toMatchObject({ ok: false, why: 'NotFound' });
      await commit(shard, create(a));
      expect(await shard.transact(early)).toMatchObject({ ok: true, revision: 3 });
    });

    it('CLAIM-1 a claim has one holder, until it is dropped or its holder goes', async () => {
      const shard = open();
      await commit(shard, create(a, { claims: ['port/1', 'port/2'] }));
      const refused = await shard.transact(transaction(create(b, { claims: ['port/3', 'port/2'] })));
      expect(refused).toMatchObject({ ok: false, why: 'ClaimTaken', claim: 'port/2', current: { key: a } });
      await commit(shard, update(a, { claims: ['port/1'] }));
      await commit(shard, create(b, { claims: ['port/3', 'port/2'] }));
      expect(await shard.transact(transaction(update(a, { claims: ['port/3'] })))).toMatchObject({ why: 'ClaimTaken' });
      await commit(shard, remove(b));
      await commit(shard, update(a, { claims: ['port/3'] }));
      await commit(shard, create(b, { claims: ['port/1'] }));
    });

    it('CLAIM-1 one transaction may hand a claim over', async () => {
      const shard = open();
      await commit(shard, create(a, { claims: ['port/1'] }));
      await commit(shard, remove(a), create(b, { claims: ['port/1'] }));
      const refused = await shard.transact(transaction(create(a, { claims: ['port/1'] })));
      expect(refused).toMatchObject({ why: 'ClaimTaken', current: { key: b } });
    });

    it('SIZE-1 the limit counts UTF-8 bytes', async () => {
      const shard = open();
      const bare = encode(a).text.length;
      const fits = 'x'.repeat(MAX_OBJECT_BYTES - bare);
      expect(await shard.transact(transaction(create(a, { data: `${fits}x` })))).toMatchObject({
        why: 'TooLarge',
        op: 0,
      });
      await commit(shard, create(a, { data: fits }));
      const wide = 'é'.repeat((MAX_OBJECT_BYTES - bare) / 2 + 1);
      expect(await shard.transact(transaction(update(a, { data: wide })))).toMatchObject({ why: 'TooLarge' });
      const pairs = '😀'.repeat(Math.floor((MAX_OBJECT_BYTES - bare) / 4));
      await commit(shard, update(a, { data: pairs }));
    });

    it.runIf(reopen)('TX-3 REV-1 a restart keeps objects, revision, claims and the ids of transactions', async () => {
      const shard = open();
      const first = transaction(create(a, { claims: ['port/1'], data: '1' }));
      const answer = await shard.transact(first);
      const again = reopen!(shard);
      expect(await again.revision()).toBe(2);
      expect(await again.transact(first)).toMatchObject({ ...answer, tracked: expect.any(Number) });
      expect(await again.transact(transaction(create(b, { claims: ['port/1'] })))).toMatchObject({ why: 'ClaimTaken' });
      expect((await commit(again, create(b))).revision).toBe(3);
    });
  });
}
