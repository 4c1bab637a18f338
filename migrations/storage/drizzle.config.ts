/** `npx drizzle-kit generate --config migrations/storage/drizzle.config.ts` after a change of the schema. */
import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  dialect: 'sqlite',
  schema: './src/storage/schema.ts',
  out: './migrations/storage',
});
