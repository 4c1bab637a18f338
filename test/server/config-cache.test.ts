import { describe, expect, it } from 'vitest';
import { createKindRegistry } from '../../src/kinds/index.ts';
import { createConfigCache } from '../../src/server/config-cache.ts';
import type { ChangesQuery, ChangesResult, Shard, Store } from '../../src/storage/contract.ts';
import { createManualClock } from '../support/manual-clock.ts';

/** A shard that answers `changes` from a script. */
function scriptedStore(answers: (query: ChangesQuery) => ChangesResult): { store: Store; asked: ChangesQuery[] } {
  const asked: ChangesQuery[] = [];
  const shard = {
    async changes(query: ChangesQuery) {
      asked.push(query);
      return answers(query);
    },
  } as unknown as Shard;
  return { store: { shardOf: () => shard }, asked };
}

const namespace = (name: string, revision: number) => ({
  key: { resource: 'namespaces', namespace: '', name },
  revision,
  text: JSON.stringify({ metadata: { name, resourceVersion: String(revision) } }),
});

describe('the configuration cache', () => {
  it('asks for everything, then for what changed, and only when it must', async () => {
    const clock = createManualClock();
    let revision = 1;
    const { store, asked } = scriptedStore((query) => ({
      ok: true,
      revision,
      tracked: revision,
      changes:
        query.since === undefined ? [namespace('a', 1)] : query.since < revision ? [namespace('b', revision)] : [],
    }));
    const cache = createConfigCache({ store, kinds: createKindRegistry(), clock });
    const view = await cache.fresh();
    expect(asked).toHaveLength(1);
    clock.advance(900);
    await cache.fresh();
    expect(asked).toHaveLength(1);
    revision = 5;
    cache.observe(5);
    await cache.fresh();
    expect(asked.at(-1)?.since).toBe(1);
    expect(view.list('namespaces')).toHaveLength(2);
    clock.advance(1_000);
    await cache.fresh();
    expect(asked).toHaveLength(3);
  });

  it('hands out what it knows without asking, until it was long enough behind or unconfirmed', async () => {
    const clock = createManualClock();
    const { store, asked } = scriptedStore(() => ({ ok: true, revision: 1, tracked: 1, changes: [namespace('a', 1)] }));
    const cache = createConfigCache({ store, kinds: createKindRegistry(), clock });
    expect(cache.known?.()).toBeUndefined();
    const view = await cache.fresh();
    clock.advance(29_000);
    expect(cache.known?.()).toBe(view);
    cache.observe(2);
    expect(cache.known?.()).toBeUndefined();
    await cache.fresh();
    cache.observe(3);
    clock.advance(900);
    expect(cache.known?.()).toBe(view);
    clock.advance(100);
    expect(cache.known?.()).toBeUndefined();
    await cache.fresh();
    clock.advance(30_000);
    expect(cache.known?.()).toBeUndefined();
    expect(asked).toHaveLength(3);
  });

  it('reads everything anew when its revision was compacted away', async () => {
    const clock = createManualClock();
    let expired = false;
    const { store } = scriptedStore((query) => {
      if (query.since !== undefined && expired) return { ok: false, why: 'Expired' };
      return { ok: true, revision: expired ? 9 : 1, tracked: 1, changes: [namespace(expired ? 'new' : 'old', 1)] };
    });
    const cache = createConfigCache({ store, kinds: createKindRegistry(), clock });
    const view = await cache.fresh();
    expired = true;
    clock.advance(1_000);
    await cache.fresh();
    expect(view.get('namespaces', '', 'old')).toBeUndefined();
    expect(view.get('namespaces', '', 'new')).toBeDefined();
  });

  it('computes a derived value anew only when one of its resources changed', async () => {
    const clock = createManualClock();
    let revision = 1;
    const { store } = scriptedStore(({ since }) => ({
      ok: true,
      revision,
      tracked: revision,
      changes: since === undefined || since < revision ? [namespace(`n${revision}`, revision)] : [],
    }));
    const cache = createConfigCache({ store, kinds: createKindRegistry(), clock });
    let computed = 0;
    const count = async (resource: string) =>
      (await cache.fresh()).derive(`count ${resource}`, [resource], (view) => {
        computed += 1;
        return view.list(resource).length;
      });
    expect(await count('namespaces')).toBe(1);
    await count('namespaces');
    await count('serviceaccounts');
    expect(computed).toBe(2);
    revision = 2;
    cache.observe(2);
    expect(await count('namespaces')).toBe(2);
    await count('serviceaccounts');
    expect(computed).toBe(3);
  });

  it('is not taken back by an answer that a later one overtook', async () => {
    const clock = createManualClock();
    const pending: ((result: ChangesResult) => void)[] = [];
    const shard = { changes: () => new Promise<ChangesResult>((resolve) => pending.push(resolve)) } as unknown as Shard;
    const cache = createConfigCache({ store: { shardOf: () => shard }, kinds: createKindRegistry(), clock });
    const early = cache.fresh();
    const late = cache.fresh();
    const answer = (revision: number, name: string): ChangesResult => ({
      ok: true,
      revision,
      tracked: revision,
      changes: [{ ...namespace('a', revision), text: JSON.stringify({ metadata: { name: 'a', labels: { name } } }) }],
    });
    pending[1]?.(answer(7, 'new'));
    await late;
    pending[0]?.(answer(3, 'old'));
    const view = await early;
    expect(view.get('namespaces', '', 'a')?.metadata.labels).toEqual({ name: 'new' });
  });

  it('does not lose what is observed while it asks', async () => {
    const clock = createManualClock();
    let revision = 1;
    const pending: (() => void)[] = [];
    const asked: ChangesQuery[] = [];
    const shard = {
      changes(query: ChangesQuery) {
        asked.push(query);
        const now = revision;
        return new Promise<ChangesResult>((resolve) => {
          pending.push(() => resolve({ ok: true, revision: now, tracked: now, changes: [] }));
        });
      },
    } as unknown as Shard;
    const cache = createConfigCache({ store: { shardOf: () => shard }, kinds: createKindRegistry(), clock });
    const first = cache.fresh();
    revision = 7;
    cache.observe(7);
    pending.shift()?.();
    await Promise.resolve();
    while (pending.length === 0) await Promise.resolve();
    pending.shift()?.();
    await first;
    expect(asked).toHaveLength(2);
  });
});
