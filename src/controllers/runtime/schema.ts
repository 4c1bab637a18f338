/** Tables of a controllers object; `migrations/controllers` is generated from here. */
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/** Work that must survive: see QueueStore. */
export const work = sqliteTable(
  'work',
  {
    controller: text().notNull(),
    key: text().notNull(),
    due: integer().notNull(),
    attempts: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.controller, table.key] }), index('work_due').on(table.due)],
);

/** The version of each controller for which everything was looked at. */
export const resynced = sqliteTable('resynced', {
  controller: text().primaryKey(),
  version: integer().notNull(),
});
