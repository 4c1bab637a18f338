/** Live subscribers by distinct selection, found per event without asking every selection. */
import type { WatchQuery } from './contract.ts';
import type { ShardEvent } from './engine.ts';
import { compileSelection, fieldValue, type Matcher } from './selection.ts';
import { type Outcome, outcomeFor, outcomeLine } from './watch-lines.ts';

export interface WatchGroup<M> {
  readonly members: Set<M>;
}

interface Group<M> extends WatchGroup<M> {
  key: string;
  /** Only events after this revision. */
  from: number;
  matches: Matcher;
  bucket: Bucket<M>;
  /** Value of the bucket's field this group wants; undefined where the bucket has no field. */
  value: string | undefined;
}

/** Groups of one resource that pin the same field to a value (spec.nodeName=…), or that pin none. */
interface Bucket<M> {
  field: string | undefined;
  byValue: Map<string | undefined, Set<Group<M>>>;
}

export class WatchGroups<M extends { query: WatchQuery }> {
  readonly #byKey = new Map<string, Group<M>>();
  readonly #byMember = new Map<M, Group<M>>();
  readonly #byResource = new Map<string, Map<string, Bucket<M>>>();

  /** Number of live subscribers. */
  get size(): number {
    return this.#byMember.size;
  }

  add(member: M, from: number): void {
    const { resource, namespace, labels, fields, owner } = member.query;
    const key = JSON.stringify([resource, namespace, labels, fields, owner, from]);
    let group = this.#byKey.get(key);
    if (!group) {
      const pin = fields?.find((requirement) => requirement.operator === '=');
      const bucket = this.#bucket(resource, pin?.field);
      const value = pin?.value;
      group = { key, from, matches: compileSelection(member.query), members: new Set(), bucket, value };
      this.#byKey.set(key, group);
      const peers = bucket.byValue.get(value) ?? new Set();
      bucket.byValue.set(value, peers.add(group));
    }
    group.members.add(member);
    this.#byMember.set(member, group);
  }

  remove(member: M): void {
    const group = this.#byMember.get(member);
    if (!group) return;
    this.#byMember.delete(member);
    group.members.delete(member);
    if (group.members.size > 0) return;
    this.#byKey.delete(group.key);
    const peers = group.bucket.byValue.get(group.value);
    peers?.delete(group);
    if (peers?.size === 0) group.bucket.byValue.delete(group.value);
  }

  /** One frame per group that has something to hear of `events`. */
  frames(events: readonly ShardEvent[]): Map<WatchGroup<M>, string> {
    const frames = new Map<WatchGroup<M>, string>();
    for (const event of events) {
      const lines = new Map<Outcome, string>();
      for (const group of this.#candidates(event)) {
        if (event.revision <= group.from) continue;
        const outcome = outcomeFor(event, group.matches);
        if (outcome === undefined) continue;
        const line = lines.get(outcome) ?? outcomeLine(event, outcome);
        lines.set(outcome, line);
        frames.set(group, (frames.get(group) ?? '') + line);
      }
    }
    return frames;
  }

  *#candidates(event: ShardEvent): Generator<Group<M>> {
    const buckets = this.#byResource.get(event.key.resource);
    if (!buckets) return;
    for (const { field, byValue } of buckets.values()) {
      if (field === undefined) {
        yield* byValue.get(undefined) ?? [];
        continue;
      }
      const now = fieldValue(field, event.key, event.projection);
      yield* byValue.get(now) ?? [];
      const before = event.old ? fieldValue(field, event.key, event.old.projection) : now;
      if (before !== now) yield* byValue.get(before) ?? [];
    }
  }

  #bucket(resource: string, field: string | undefined): Bucket<M> {
    const buckets = this.#byResource.get(resource) ?? new Map<string, Bucket<M>>();
    this.#byResource.set(resource, buckets);
    const name = field ?? '';
    const bucket = buckets.get(name) ?? { field, byValue: new Map() };
    buckets.set(name, bucket);
    return bucket;
  }
}
