import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // rtc-node has one native callback a process and breaks in worker threads.
    pool: 'forks',
    // Most of the time they wait for processes.
    maxWorkers: 2,
    // Only for what hangs: a busy machine is no failure.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    include: ['src/**/*.test.ts'],
    reporters: ['default', ['json', { outputFile: 'test-results/vitest.json' }]],
  },
});
