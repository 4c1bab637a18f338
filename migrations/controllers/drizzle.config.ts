/** `npx drizzle-kit generate --config migrations/controllers/drizzle.config.ts` after a change of the schema. */
import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  dialect: 'sqlite',
  schema: './src/controllers/runtime/schema.ts',
  out: './migrations/controllers',
});
