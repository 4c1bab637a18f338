/** `npx drizzle-kit generate --config migrations/fleet/drizzle.config.ts` after a change of the schema. */
import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  dialect: 'sqlite',
  schema: './src/worker/fleet-schema.ts',
  out: './migrations/fleet',
});
