/**
 * Tables of a shard. Writes are what costs, so an update of an object is two rows: the object in place, and an event
 * that carries the text it replaces. From these undo records come the state at any revision of the history and, by
 * looking one event ahead, the text of every event. Long texts come last in their rows: SQLite reads no further than
 * the last column that is asked for.
 */
import { integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';

export const objects = sqliteTable(
  'objects',
  {
    id: integer('id').primaryKey(),
    resource: text('resource').notNull(),
    namespace: text('namespace').notNull(),
    name: text('name').notNull(),
    revision: integer('revision').notNull(),
    /** Where the revision stands in `text`. */
    revisionAt: integer('revision_at').notNull(),
    /** JSON of the projection and the claims. */
    meta: text('meta').notNull(),
    text: text('text').notNull(),
  },
  (table) => [uniqueIndex('objects_key').on(table.resource, table.namespace, table.name)],
);

export const events = sqliteTable('events', {
  /** revision * 1024 + index of the operation. */
  seq: integer('seq').primaryKey(),
  /** Milliseconds since the epoch. */
  at: integer('at').notNull(),
  /** `objects.id`, also after the object has gone. */
  object: integer('object').notNull(),
  /** 0 ADDED, 1 MODIFIED, 2 DELETED. */
  type: integer('type').notNull(),
  transaction: text('transaction_id').notNull(),
  resource: text('resource').notNull(),
  namespace: text('namespace').notNull(),
  name: text('name').notNull(),
  /** DELETED with a final state of its own: projection of that state. */
  finalMeta: text('final_meta'),
  oldRevisionAt: integer('old_revision_at'),
  oldMeta: text('old_meta'),
  oldText: text('old_text'),
  /** DELETED with a final state of its own: its complete text. */
  finalText: text('final_text'),
});

/** Values that one object of the shard holds alone. */
export const claims = sqliteTable('claims', {
  claim: text('claim').primaryKey(),
  object: integer('object').notNull(),
});

/** `owner/UID` and `field/RESOURCE/FIELD/VALUE` to objects. */
export const lookups = sqliteTable(
  'lookups',
  { value: text('value').notNull(), object: integer('object').notNull() },
  (table) => [primaryKey({ columns: [table.value, table.object] })],
);

/** Small named values: compacted revision, tracked resources, indexed fields, cursors of consumers, secrets. */
export const state = sqliteTable('state', { name: text('name').primaryKey(), value: text('value').notNull() });
