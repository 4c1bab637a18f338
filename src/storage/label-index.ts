/**
 * Which objects carry a label: what a list by label reads in place of every object of its resource. It is kept in
 * memory, so that writes pay nothing on disk for it: the first such list of a resource makes it, commits keep it
 * current. It may name too many objects, never too few; the selection itself decides.
 */
import type { LabelRequirement, ListQuery } from './contract.ts';
import type { SqlDatabase } from './sql-database.ts';
import { decodeMeta, type Meta } from './sqlite-lookups.ts';

type Labels = Meta['labels'];

/** Ids under one label: most labels that select much are on many objects, most others on one. */
type Ids = number | Set<number>;

interface Postings {
  byLabel: Map<string, Ids>;
  /** Labels of all objects together. */
  count: number;
}

/** A change of one object; an object that comes or goes has labels on one side only. */
export interface LabelChange {
  resource: string;
  object: number;
  before?: Labels | undefined;
  after?: Labels | undefined;
}

/** Beyond these the objects themselves are read in order, which needs no sorting. */
const MAX_CANDIDATES = 1_000;
/** Labels of one resource that are remembered, some 100 bytes each; a resource with more has no index. */
const MAX_POSTINGS = 200_000;

export class LabelIndex {
  readonly #db: SqlDatabase;
  /** `null`: too many to be kept. */
  readonly #resources = new Map<string, Postings | null>();

  constructor(db: SqlDatabase) {
    this.#db = db;
  }

  /** Ids of objects among which are all that the selection wants; undefined where the index does not narrow it. */
  candidates({ resource, labels }: ListQuery): readonly number[] | undefined {
    const equalities = labels?.filter(({ operator }) => operator === 'in') ?? [];
    if (equalities.length === 0) return undefined;
    const postings = this.#postingsOf(resource);
    if (!postings) return undefined;
    let fewest: readonly number[] | undefined;
    for (const requirement of equalities) {
      const ids = idsOf(postings, requirement);
      if (ids && (!fewest || ids.length < fewest.length)) fewest = ids;
    }
    return fewest;
  }

  /** Takes in what was committed. */
  apply({ resource, object, before, after }: LabelChange): void {
    const postings = this.#resources.get(resource);
    if (!postings) return;
    for (const key in before) {
      if (after?.[key] !== before[key]) remove(postings, labelOf(key, before[key]!), object);
    }
    for (const key in after) {
      if (before?.[key] !== after[key]) add(postings, labelOf(key, after[key]!), object);
    }
    if (postings.count > MAX_POSTINGS) this.#resources.set(resource, null);
  }

  #postingsOf(resource: string): Postings | null {
    const known = this.#resources.get(resource);
    if (known !== undefined) return known;
    const made: Postings = { byLabel: new Map(), count: 0 };
    this.#db.each('SELECT id, meta FROM objects WHERE resource = ?', [resource], ([id, meta]) => {
      const { labels } = decodeMeta(String(meta));
      for (const key in labels) add(made, labelOf(key, labels[key]!), Number(id));
      return made.count <= MAX_POSTINGS;
    });
    const kept = made.count <= MAX_POSTINGS ? made : null;
    this.#resources.set(resource, kept);
    return kept;
  }
}

/** Neither part can hold the separator. */
const labelOf = (key: string, value: string): string => `${key}=${value}`;

/** Ids of all objects that have one of the values; undefined where they are too many to be worth it. */
function idsOf({ byLabel }: Postings, { key, values }: LabelRequirement): readonly number[] | undefined {
  const found: number[] = [];
  for (const value of new Set(values)) {
    const ids = byLabel.get(labelOf(key, value));
    if (ids === undefined) continue;
    if (found.length + (typeof ids === 'number' ? 1 : ids.size) > MAX_CANDIDATES) return undefined;
    if (typeof ids === 'number') found.push(ids);
    else found.push(...ids);
  }
  return found;
}

function add(postings: Postings, label: string, id: number): void {
  const ids = postings.byLabel.get(label);
  if (ids === undefined) postings.byLabel.set(label, id);
  else if (typeof ids === 'number') postings.byLabel.set(label, new Set([ids, id]));
  else ids.add(id);
  postings.count++;
}

function remove(postings: Postings, label: string, id: number): void {
  const ids = postings.byLabel.get(label);
  if (ids === undefined) return;
  if (typeof ids === 'number' || ids.size === 1) postings.byLabel.delete(label);
  else ids.delete(id);
  postings.count--;
}
