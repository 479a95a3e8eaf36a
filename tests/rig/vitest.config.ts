import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // rtc-node has one native callback a process and breaks in worker threads.
    pool: 'forks',
    // Real servers and real callers: one file at a time, and time-outs that only tell a hang.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 600_000,
    include: ['src/**/*.test.ts'],
    reporters: ['default', ['json', { outputFile: 'test-results/vitest.json' }]],
  },
});
