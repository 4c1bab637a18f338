/**
 * The migrations of `migrations/storage`, inlined because not every host of the bundle can import SQL files. A test
 * compares them. Append only: objects out there have run the earlier ones.
 */
import type { SqlDatabase } from './sql-database.ts';

export interface Migration {
  name: string;
  sql: string;
}

export const STORAGE_MIGRATIONS: readonly Migration[] = [
  {
    name: '0000_shard',
    sql: `CREATE TABLE \`claims\` (
	\`claim\` text PRIMARY KEY NOT NULL,
	\`object\` integer NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE \`events\` (
	\`seq\` integer PRIMARY KEY NOT NULL,
	\`at\` integer NOT NULL,
	\`object\` integer NOT NULL,
	\`type\` integer NOT NULL,
	\`transaction_id\` text NOT NULL,
	\`resource\` text NOT NULL,
	\`namespace\` text NOT NULL,
	\`name\` text NOT NULL,
	\`final_meta\` text,
	\`old_revision_at\` integer,
	\`old_meta\` text,
	\`old_text\` text,
	\`final_text\` text
);
--> statement-breakpoint
CREATE TABLE \`lookups\` (
	\`value\` text NOT NULL,
	\`object\` integer NOT NULL,
	PRIMARY KEY(\`value\`, \`object\`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE \`objects\` (
	\`id\` integer PRIMARY KEY NOT NULL,
	\`resource\` text NOT NULL,
	\`namespace\` text NOT NULL,
	\`name\` text NOT NULL,
	\`revision\` integer NOT NULL,
	\`revision_at\` integer NOT NULL,
	\`meta\` text NOT NULL,
	\`text\` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX \`objects_key\` ON \`objects\` (\`resource\`,\`namespace\`,\`name\`);--> statement-breakpoint
CREATE TABLE \`state\` (
	\`name\` text PRIMARY KEY NOT NULL,
	\`value\` text NOT NULL
) WITHOUT ROWID;
`,
  },
];

/** Brings the tables up to date. Each migration runs whole or not at all, once. */
export function migrate(db: SqlDatabase, migrations: readonly Migration[] = STORAGE_MIGRATIONS): void {
  db.run('CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY NOT NULL) WITHOUT ROWID');
  const applied = new Set(db.rows('SELECT name FROM migrations').map(([name]) => name));
  for (const { name, sql } of migrations) {
    if (applied.has(name)) continue;
    db.transaction(() => {
      for (const statement of sql.split('--> statement-breakpoint')) db.run(statement.trim());
      db.run('INSERT INTO migrations (name) VALUES (?)', name);
    });
  }
}
