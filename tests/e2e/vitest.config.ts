import { defineConfig } from 'vitest/config';

// What these assert another file's work could change: gaps that callers hear, event loops that nothing blocks. Two of
// them leave half of the machine idle.
const undisturbed = [
  'src/contained-failures.e2e.test.ts',
  'src/drain.e2e.test.ts',
  'src/malformed-frames.e2e.test.ts',
  'src/prometheus.e2e.test.ts',
  'src/signalling-loss.e2e.test.ts',
  'src/watched.e2e.test.ts',
];

// They fill the machine: some twenty processes while it is listened for gaps, and more callers than workers can take.
const alone = [
  'src/memory-limit.e2e.test.ts',
  'src/processes.e2e.test.ts',
  'src/reload.e2e.test.ts',
  'src/tenants.e2e.test.ts',
];

export default defineConfig({
  test: {
    pool: 'forks',
    // Failure time-outs: a call lasts seconds, and the first run builds the server.
    testTimeout: 120_000,
    hookTimeout: 600_000,
    reporters: ['default', ['json', { outputFile: 'test-results/vitest.json' }]],
    projects: [
      {
        extends: true,
        test: {
          name: 'together',
          include: ['src/**/*.e2e.test.ts'],
          exclude: [...undisturbed, ...alone],
          // One server, one worker and its callers fill half a core when nobody is started.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'undisturbed',
          include: undisturbed,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: alone,
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
