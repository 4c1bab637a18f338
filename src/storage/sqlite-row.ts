/** A row of the table of objects, as it is read and as a write makes it. */
import type { EncodedObject, ObjectKey, StoredObject, WriteOp } from './contract.ts';
import { replaceRevision, withRevision } from './encoded-text.ts';
import type { SqlValue } from './sql-database.ts';
import { decodeMeta, encodeMeta, type Meta } from './sqlite-lookups.ts';

export interface Row extends StoredObject {
  id: number;
  revisionAt: number;
  meta: string;
  /** What `meta` holds, where it is at hand. */
  decoded?: Meta;
}

/** Of the columns `id, revision, revision_at, meta, text`. */
export function rowOf(key: ObjectKey, row: SqlValue[]): Row {
  const [id, revision, revisionAt, meta, text] = row;
  return {
    key,
    id: Number(id),
    revision: Number(revision),
    revisionAt: Number(revisionAt),
    meta: String(meta),
    text: String(text),
  };
}

/** The row that a write leaves; of a deletion, the last state. A new row has no id of its own. */
export function rowAfter(op: Exclude<WriteOp, { type: 'check' }>, before: Row | undefined, revision: number): Row {
  const id = before?.id ?? 0;
  if (op.object) return encodeRow({ key: op.key, id, revision }, op.object);
  return { ...before!, revision, text: replaceRevision(before!.text, before!.revisionAt, revision) };
}

function encodeRow(row: { key: ObjectKey; id: number; revision: number }, object: EncodedObject): Row {
  const text = withRevision(object, row.revision);
  const meta = encodeMeta(object.projection, object.claims);
  return {
    ...row,
    revisionAt: object.revisionAt,
    meta,
    text,
    decoded: { ...object.projection, claims: object.claims },
  };
}

/** Projection and claims of a row. */
export function metaOf(row: Row): Meta {
  row.decoded ??= decodeMeta(row.meta);
  return row.decoded;
}

/** What callers of storage see of a row. */
export function publicPart(row: StoredObject): StoredObject {
  return { key: row.key, revision: row.revision, text: row.text };
}
