import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // rtc-node has one native callback a process and breaks in worker threads.
    pool: 'forks',
    include: ['src/**/*.test.ts'],
    reporters: ['default', ['json', { outputFile: 'test-results/vitest.json' }]],
  },
});
