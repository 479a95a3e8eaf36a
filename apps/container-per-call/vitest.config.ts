import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    pool: 'forks',
    // Half of the time they wait for processes.
    maxWorkers: 2,
    include: ['src/**/*.test.ts'],
    // Failure time-out: most cases start processes, a second of CPU each.
    testTimeout: 180_000,
    reporters: ['default', ['json', { outputFile: 'test-results/vitest.json' }]],
  },
});
