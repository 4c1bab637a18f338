import type { QueueDatabase } from './sqlite-queue-store.ts';

/**
 * The migrations of `migrations/controllers`, inlined because not every host of the bundle can import SQL files. A
 * test compares them. Append only: objects out there have run the earlier ones.
 */
export const CONTROLLER_MIGRATIONS: readonly { name: string; sql: string }[] = [
  {
    name: '0000_work',
    sql: `CREATE TABLE \`resynced\` (
	\`controller\` text PRIMARY KEY NOT NULL,
	\`version\` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE \`work\` (
	\`controller\` text NOT NULL,
	\`key\` text NOT NULL,
	\`due\` integer NOT NULL,
	\`attempts\` integer NOT NULL,
	PRIMARY KEY(\`controller\`, \`key\`)
);
--> statement-breakpoint
CREATE INDEX \`work_due\` ON \`work\` (\`due\`);`,
  },
];

/** Brings the tables of the queue up to date. Must run inside one task, so that it is committed whole. */
export function migrateQueue(database: QueueDatabase): void {
  database.exec('CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY NOT NULL)');
  const applied = new Set(
    database
      .exec('SELECT name FROM migrations')
      .toArray()
      .map((row) => row.name),
  );
  for (const { name, sql } of CONTROLLER_MIGRATIONS) {
    if (applied.has(name)) continue;
    for (const statement of sql.split('--> statement-breakpoint')) database.exec(statement.trim());
    database.exec('INSERT INTO migrations (name) VALUES (?)', name);
  }
}
