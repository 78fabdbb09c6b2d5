import { defineConfig } from 'vitest/config';

const minute = 60_000;

/** One project per tier; scripts/test.mjs runs them with their budgets. */
export default defineConfig({
  test: {
    maxWorkers: 2,
    // One race in hundreds of tests must not hide what the others say; scripts/test.mjs names each test that needed it.
    retry: process.env.CI === 'true' ? 1 : 0,
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 20_000 } },
      {
        extends: true,
        test: { name: 'webview', include: ['test/webview/**/*.test.ts'], testTimeout: 30_000, hookTimeout: minute },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: ['test/e2e/window/**'],
          testTimeout: minute,
          hookTimeout: minute,
        },
      },
      {
        extends: true,
        test: {
          name: 'window',
          include: ['test/e2e/window/**/*.test.ts'],
          testTimeout: 2 * minute,
          hookTimeout: 2 * minute,
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'vllm',
          include: ['test/vllm/**/*.test.ts'],
          testTimeout: 3 * minute,
          hookTimeout: 4 * minute,
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'jobs',
          // Daemons of other people, busy with each other: one of them may miss a moment twice.
          retry: process.env.CI === 'true' ? 3 : 0,
          include: ['test/jobs/**/*.test.ts'],
          // Minutes, and a training library: npm run test:long
          exclude: process.env.SECOND_THOUGHT_LONG ? [] : ['test/jobs/training.test.ts'],
          testTimeout: minute,
          hookTimeout: minute,
        },
      },
      { extends: true, test: { name: 'miniature', include: ['test/miniature/**/*.test.ts'] } },
    ],
  },
});
