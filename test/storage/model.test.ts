/** Random transactions, lists, watches, compactions and restarts against the model, for both implementations. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ListQuery, ObjectKey, WriteOp } from '../../src/storage/contract.ts';
import { createMemoryShard } from '../../src/storage/index.ts';
import { createLocalShard, type LocalShard } from '../../src/storage/local-shard.ts';
import { SqliteEngine } from '../../src/storage/sqlite-engine.ts';
import { openMirrored } from './mirrored-shard.ts';
import { type ModelFilter, ShardModel } from './model.ts';
import { openNodeSql } from './node-sql.ts';
import { encode, podKey, type Recording, record } from './sample.ts';

const RUNS = Number(process.env.KEDGE_MODEL_RUNS ?? 150);

const smallText = fc.constantFrom('a', 'b', 'c');
const key = fc.tuple(smallText, fc.constantFrom('x', 'y')).map(([name, namespace]) => podKey(name, namespace));
const sample = fc.record({
  data: fc.string({ maxLength: 5 }),
  labels: fc.constantFrom<Record<string, string>>({}, { app: 'a' }, { app: 'b' }, { tier: 'a' }),
  fields: fc.constantFrom<Record<string, string>>({}, { 'spec.nodeName': 'a' }, { 'spec.nodeName': 'b' }),
  indexed: fc.constantFrom<string[]>([], ['spec.nodeName']),
  owners: fc.constantFrom<string[]>([], ['a'], ['a', 'b']),
  claims: fc.constantFrom<string[]>([], [], ['p/a'], ['p/b']),
});
const expectation = fc.option(
  fc.record(
    { revision: fc.integer({ min: 1, max: 12 }), uid: fc.constantFrom('uid-a', 'uid-b') },
    { requiredKeys: [] },
  ),
  { nil: undefined, freq: 3 },
);
const op: fc.Arbitrary<WriteOp> = fc
  .tuple(fc.constantFrom('create', 'create', 'update', 'update', 'delete', 'check'), key, sample, expectation)
  .map(([type, at, content, expect]): WriteOp => {
    const guard = expect ? { expect } : {};
    if (type === 'create') return { type, key: at, object: encode(at, content) };
    if (type === 'update') return { type, key: at, object: encode(at, content), ...guard };
    if (type === 'delete') return { type, key: at, ...guard };
    return { type: 'check', key: at, expect: expect ?? {} };
  });
const filter: fc.Arbitrary<ModelFilter> = fc.record(
  { namespace: fc.constantFrom('x', 'y'), app: smallText, node: smallText, owner: smallText },
  { requiredKeys: [] },
);

type Command =
  | { do: 'transact'; ops: WriteOp[]; again: boolean }
  | { do: 'list'; filter: ModelFilter; back: number; limit: number }
  | { do: 'watch'; filter: ModelFilter; back: number; initial: boolean }
  | { do: 'get'; key: ObjectKey }
  | { do: 'changes'; back: number }
  | { do: 'compact' }
  | { do: 'restart' };

const back = fc.integer({ min: -2, max: 8 });
const distinct = (ops: WriteOp[]): boolean =>
  new Set(ops.map(({ key: k }) => `${k.namespace}/${k.name}`)).size === ops.length;
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('transact' as const),
      ops: fc.array(op, { minLength: 1, maxLength: 3 }).filter(distinct),
      again: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('list' as const), filter, back, limit: fc.integer({ min: 0, max: 3 }) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('watch' as const), filter, back, initial: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('get' as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('changes' as const), back }) },
  { weight: 1, arbitrary: fc.constant({ do: 'compact' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
);

function selectionOf({ namespace, app, node, owner }: ModelFilter): Partial<ListQuery> {
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...(owner === undefined ? {} : { owner }),
    ...(app === undefined ? {} : { labels: [{ key: 'app', operator: 'in' as const, values: [app] }] }),
    ...(node === undefined ? {} : { fields: [{ field: 'spec.nodeName', operator: '=' as const, value: node }] }),
  };
}

interface OpenWatch {
  recording: Recording;
  filter: ModelFilter;
  since: number;
  /** Initial events to expect before those after `since`. */
  initial: string[];
}

class Run {
  readonly model = new ShardModel();
  readonly #restart: ((shard: LocalShard) => LocalShard) | undefined;
  #shard: LocalShard;
  #watches: OpenWatch[] = [];
  #transactions = 0;

  constructor(shard: LocalShard, restart?: (shard: LocalShard) => LocalShard) {
    this.#shard = shard;
    this.#restart = restart;
  }

  async step(next: Command): Promise<void> {
    if (next.do === 'transact') await this.#transact(next.ops, next.again);
    else if (next.do === 'list') await this.#list(next);
    else if (next.do === 'watch') await this.#watch(next);
    else if (next.do === 'get') await this.#get(next.key);
    else if (next.do === 'changes') await this.#changes(next.back);
    else if (next.do === 'compact') {
      this.#shard.compact();
      this.model.compacted = this.model.revision;
    } else {
      this.checkWatches();
      this.#watches = [];
      if (this.#restart) this.#shard = this.#restart(this.#shard);
    }
    expect(await this.#shard.revision()).toBe(this.model.revision);
  }

  checkWatches(): void {
    for (const { recording, filter: wanted, since, initial } of this.#watches) {
      const expected = [...initial];
      for (let at = since + 1; at <= this.model.revision; at++) expected.push(...this.model.events(at, wanted));
      const seen = recording.events.map(({ type, object }) => describeEvent(type, object));
      expect(inOrderOfRevision(seen)).toEqual(inOrderOfRevision(expected));
      expect(recording.closed()).toBeUndefined();
    }
  }

  async #transact(ops: WriteOp[], again: boolean): Promise<void> {
    const transaction = { id: `m${this.#transactions++}`, ops };
    const expected = this.model.transact(transaction);
    const result = await this.#shard.transact(transaction);
    expect(result).toMatchObject(expected);
    if (!again || !result.ok) return;
    expect(await this.#shard.transact(transaction)).toMatchObject({
      ok: true,
      revision: result.revision,
      objects: result.objects,
    });
  }

  async #get(at: ObjectKey): Promise<void> {
    const { object, revision } = await this.#shard.get(at);
    expect(revision).toBe(this.model.revision);
    const expected = this.model.state(this.model.revision).get(`${at.namespace}\0${at.name}`);
    expect(object?.revision).toBe(expected?.revision);
    if (object) expect(JSON.parse(object.text).metadata.resourceVersion).toBe(String(expected?.revision));
  }

  async #list({ filter: wanted, back: distance, limit }: Extract<Command, { do: 'list' }>): Promise<void> {
    const revision = Math.max(1, this.model.revision - distance);
    const query: ListQuery = { resource: 'pods', ...selectionOf(wanted), revision, exact: true, limit };
    const found: string[] = [];
    let after: ListQuery['after'];
    do {
      const page = await this.#shard.list({ ...query, ...(after ? { after } : {}) });
      if (revision > this.model.revision) return void expect(page).toMatchObject({ ok: false, why: 'TooLarge' });
      if (revision < this.model.compacted) return void expect(page).toMatchObject({ ok: false, why: 'Expired' });
      if (!page.ok) throw new Error(page.why);
      expect(page.revision).toBe(revision);
      const objects = JSON.parse(`[${page.text}]`) as ListedObject[];
      found.push(...objects.map(describeObject));
      const rest = this.model.list(revision, wanted).length - found.length;
      expect(page.next !== undefined).toBe(rest > 0);
      if (page.remaining !== undefined) expect(page.remaining).toBe(rest);
      after = page.next;
    } while (after);
    expect(found).toEqual(this.model.list(revision, wanted));
  }

  async #watch({ filter: wanted, back: distance, initial }: Extract<Command, { do: 'watch' }>): Promise<void> {
    const since = Math.max(1, this.model.revision - distance);
    const start = initial ? { initialEvents: true } : { since };
    const recording = await record(this.#shard, { ...selectionOf(wanted), ...start });
    if (!initial && since < this.model.compacted) {
      expect(recording.events).toMatchObject([{ type: 'ERROR', object: { code: 410 } }]);
      return;
    }
    const present = initial ? this.model.list(this.model.revision, wanted).map((line) => `ADDED ${line}`) : [];
    this.#watches.push({ recording, filter: wanted, since: initial ? this.model.revision : since, initial: present });
  }

  async #changes(distance: number): Promise<void> {
    const since = Math.max(1, this.model.revision - Math.abs(distance));
    const result = await this.#shard.changes({ resources: ['pods'], since });
    if (since < this.model.compacted) return void expect(result).toEqual({ ok: false, why: 'Expired' });
    if (!result.ok) throw new Error(result.why);
    const now = this.model.state(this.model.revision);
    const changed = new Set<string>();
    for (let at = since + 1; at <= this.model.revision; at++) {
      for (const [id, object] of this.model.state(at)) if (object.revision === at) changed.add(id);
      for (const id of this.model.state(at - 1).keys()) if (!this.model.state(at).has(id)) changed.add(id);
    }
    expect(new Set(result.changes.map(({ key: k }) => `${k.namespace}\0${k.name}`))).toEqual(changed);
    for (const { key: k, text } of result.changes) expect(text !== null).toBe(now.has(`${k.namespace}\0${k.name}`));
  }
}

interface ListedObject {
  metadata: { name: string; namespace?: string; resourceVersion: string };
  data?: string;
}

const describeObject = ({ metadata, data }: ListedObject): string =>
  `${metadata.namespace}/${metadata.name}@${metadata.resourceVersion} ${data}`;
const describeEvent = (type: string, object: ListedObject): string => `${type} ${describeObject(object)}`;

/** Sorts within each revision only, so that a wrong order of revisions shows. */
function inOrderOfRevision(lines: string[]): string[] {
  const groups: { revision: string; lines: string[] }[] = [];
  for (const line of lines) {
    const at = /@(\d+)/.exec(line)?.[1] ?? '';
    const last = groups.at(-1);
    if (last?.revision === at) last.lines.push(line);
    else groups.push({ revision: at, lines: [line] });
  }
  return groups.flatMap((group) => group.lines.sort());
}

const implementations = [
  { name: 'memory', run: () => new Run(createMemoryShard()) },
  {
    name: 'SQLite with a mirror',
    run: () => {
      const sql = openNodeSql();
      const open = (former?: LocalShard) => openMirrored(new SqliteEngine(sql), former);
      return new Run(open(), open);
    },
  },
  {
    name: 'SQLite',
    run: () => {
      const sql = openNodeSql();
      const open = () => createLocalShard({ engine: new SqliteEngine(sql) });
      return new Run(open(), open);
    },
  },
];

describe.each(implementations)(
  'REV-1 TX-2 TX-3 LIST-1 LIST-3 WATCH-1 CHANGES-1 CLAIM-1 against a model: $name',
  ({ run }) => {
    it(`holds in ${RUNS} random histories`, { timeout: 120_000 }, async () => {
      const histories = fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 60 }), async (commands) => {
        const shard = run();
        for (const next of commands) await shard.step(next);
        shard.checkWatches();
      });
      await fc.assert(histories, { numRuns: RUNS });
    });
  },
);
