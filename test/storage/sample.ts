import type {
  EncodedObject,
  ListQuery,
  ObjectKey,
  Projection,
  Shard,
  StoredObject,
  Transaction,
  WatchQuery,
  WriteOp,
} from '../../src/storage/contract.ts';

export const podKey = (name: string, namespace = 'default'): ObjectKey => ({ resource: 'pods', namespace, name });

export interface Sample {
  uid?: string;
  labels?: Record<string, string>;
  fields?: Record<string, string>;
  indexed?: string[];
  owners?: string[];
  claims?: string[];
  data?: string;
}

/** An encoded object as the server hands it in. */
export function encode(key: ObjectKey, sample: Sample = {}): EncodedObject {
  const uid = sample.uid ?? `uid-${key.name}`;
  const before = `{"kind":"Pod","metadata":{"name":${JSON.stringify(key.name)},"namespace":"${key.namespace}","resourceVersion":"`;
  const text = `${before}","uid":"${uid}","labels":${JSON.stringify(sample.labels ?? {})}},"data":${JSON.stringify(sample.data ?? '')}}`;
  const projection: Projection = {
    uid,
    labels: sample.labels ?? {},
    fields: sample.fields ?? {},
    indexed: sample.indexed ?? [],
    owners: (sample.owners ?? []).map((owner) => ({
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      name: owner,
      uid: owner,
      controller: true,
    })),
    deleting: false,
  };
  return { text, revisionAt: before.length, projection, ...(sample.claims ? { claims: sample.claims } : {}) };
}

let transactions = 0;
export const transaction = (...ops: WriteOp[]): Transaction => ({ id: `t${transactions++}`, ops });

export const create = (key: ObjectKey, sample?: Sample): WriteOp => ({
  type: 'create',
  key,
  object: encode(key, sample),
});
export const update = (key: ObjectKey, sample?: Sample, expect?: { revision?: number; uid?: string }): WriteOp => ({
  type: 'update',
  key,
  object: encode(key, sample),
  ...(expect ? { expect } : {}),
});
export const remove = (key: ObjectKey, expect?: { revision?: number; uid?: string }): WriteOp => ({
  type: 'delete',
  key,
  ...(expect ? { expect } : {}),
});

/** Runs a transaction that must succeed. */
export async function commit(
  shard: Shard,
  ...ops: WriteOp[]
): Promise<{ revision: number; objects: (StoredObject | null)[] }> {
  const result = await shard.transact(transaction(...ops));
  if (!result.ok) throw new Error(`transaction failed: ${result.why}`);
  return result;
}

export interface Listed {
  revision: number;
  names: string[];
  objects: { metadata: { name: string; namespace: string; resourceVersion: string }; data: string }[];
  next?: { namespace: string; name: string };
  remaining?: number;
}

/** Runs a list that must succeed. */
export async function listed(shard: Shard, query: Partial<ListQuery> = {}): Promise<Listed> {
  const result = await shard.list({ resource: 'pods', ...query });
  if (!result.ok) throw new Error(`list failed: ${result.why}`);
  const objects = JSON.parse(`[${result.text}]`) as Listed['objects'];
  if (objects.length !== result.count) throw new Error(`${result.count} objects announced, ${objects.length} there`);
  const names = objects.map((object) => object.metadata.name);
  return {
    revision: result.revision,
    names,
    objects,
    ...(result.next ? { next: result.next } : {}),
    ...(result.remaining === undefined ? {} : { remaining: result.remaining }),
  };
}

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: {
    code?: number;
    reason?: string;
    message?: string;
    data?: string;
    metadata: { name: string; resourceVersion: string; annotations?: Record<string, string> };
  };
}

/** Everything one watch has sent so far. */
export interface Recording {
  events: WatchEvent[];
  /** `TYPE name@revision` per event. */
  lines(): string[];
  closed(): string | undefined;
  close(): void;
}

export async function record(shard: Shard, query: Partial<WatchQuery> = {}): Promise<Recording> {
  const events: WatchEvent[] = [];
  let why: string | undefined;
  const stream = await shard.watch({ resource: 'pods', bookmarks: false, apiVersion: 'v1', kind: 'Pod', ...query });
  stream.onFrame = (frame) => {
    if (!frame.endsWith('\n')) throw new Error('a frame does not end a line');
    for (const line of frame.trimEnd().split('\n')) events.push(JSON.parse(line) as WatchEvent);
  };
  stream.onClose = (reason) => {
    why = reason;
  };
  return {
    events,
    lines: () =>
      events.map(
        ({ type, object }) => `${type} ${object.metadata.name ?? ''}@${object.metadata.resourceVersion ?? object.code}`,
      ),
    closed: () => why,
    close: () => stream.close(),
  };
}
