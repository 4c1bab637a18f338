import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [cloudflareTest({ wrangler: { configPath: './wrangler.jsonc' } })],
  test: {
    name: 'workerd',
    include: ['**/*.test.ts'],
    testTimeout: 20_000,
    // WebSockets and storage that is isolated per file do not go together in one worker.
    maxWorkers: 1,
  },
});
