import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    pool: 'forks',
    include: ['src/**/*.e2e.test.ts'],
    // One server, one worker and its callers fill two cores: one file at a time.
    fileParallelism: false,
    // Failure time-outs: a call lasts seconds, and the first run builds the server.
    testTimeout: 120_000,
    hookTimeout: 600_000,
    reporters: ['default', ['json', { outputFile: 'test-results/vitest.json' }]],
  },
});
