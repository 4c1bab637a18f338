/** The migrations of `migrations/fleet`, for where there is no D1 that wrangler brings up to date. A test compares them. */
import type { Migration } from '../storage/migrations.ts';

export const FLEET_MIGRATIONS: readonly Migration[] = [
  {
    name: '0000_clusters',
    sql: `CREATE TABLE \`clusters\` (
	\`id\` text PRIMARY KEY NOT NULL,
	\`name\` text NOT NULL,
	\`api_only\` integer NOT NULL,
	\`hostname\` text,
	\`created_at\` integer NOT NULL,
	\`deleted_at\` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX \`clusters_name\` ON \`clusters\` (\`name\`) WHERE deleted_at IS NULL;--> statement-breakpoint
CREATE UNIQUE INDEX \`clusters_hostname\` ON \`clusters\` (\`hostname\`) WHERE deleted_at IS NULL;--> statement-breakpoint
CREATE INDEX \`clusters_deleted\` ON \`clusters\` (\`deleted_at\`);`,
  },
  {
    name: '0001_state',
    sql: `CREATE TABLE \`state\` (
	\`name\` text PRIMARY KEY NOT NULL,
	\`value\` text NOT NULL
);
`,
  },
];
