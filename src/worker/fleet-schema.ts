/** Tables of the fleet. */
import { sql } from 'drizzle-orm';
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';

/** The clusters besides the default one. */
export const clusters = sqliteTable(
  'clusters',
  {
    /** Names the cluster's objects; never used a second time. */
    id: text('id').primaryKey(),
    name: text('name').notNull(),
    apiOnly: integer('api_only', { mode: 'boolean' }).notNull(),
    /** Host name at which its API is, besides the path. */
    hostname: text('hostname'),
    /** Milliseconds since the epoch. */
    createdAt: integer('created_at').notNull(),
    /** Set when it was deleted; the row stays until its storage is surely gone. */
    deletedAt: integer('deleted_at'),
  },
  ({ name, hostname, deletedAt }) => [
    uniqueIndex('clusters_name').on(name).where(sql`deleted_at IS NULL`),
    uniqueIndex('clusters_hostname').on(hostname).where(sql`deleted_at IS NULL`),
    index('clusters_deleted').on(deletedAt),
  ],
);

/** Single values, such as how far the watchdog has come. */
export const state = sqliteTable('state', {
  name: text('name').primaryKey(),
  value: text('value').notNull(),
});
