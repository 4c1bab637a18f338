import { defineConfig } from 'vitest/config';

/** Tiers: `unit` is plain Node, `workerd` runs inside the Workers runtime, `e2e` spawns servers and real clients. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/workerd/**', 'test/e2e/**', 'test/parity/**'],
          testTimeout: 20_000,
        },
      },
      './test/workerd/vitest.config.ts',
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
