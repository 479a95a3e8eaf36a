import { defineConfig } from 'vitest/config';

// Files that need a process of their own: they mock or load modules a second time, ask for what a process does once
// (a warning, a patch, a global that the SDK reads), count handles or heap, have a fixture with hooks, or leave behind what
// never closes.
const alone = [
  'agents-of-other-calls',
  'async-toolsets',
  'called-from-outside',
  'closed-with-call',
  'closing-time',
  'contained-*',
  'current-call',
  'delete-room',
  'endpoint-*',
  'foreign-listeners',
  'lag-guard',
  'log-guard',
  'memory-full',
  'noise-cancellation',
  'overload',
  'owned-providers',
  'provider-errors',
  'refused-streams',
  'serve-tickets',
  'session-host',
  'shared-provider',
  'shared-toolsets',
  'starting',
  'tight-heap',
  'turns',
  'watch-faults',
  'wrapped-*',
].map((name) => `src/**/${name}.test.ts`);

// Files that judge who keeps an event loop busy: nothing else of this package runs beside them. They come first, when other
// packages use the time in which these wait.
const undisturbed = ['loop-watch', 'operations'].map((name) => `src/**/${name}.test.ts`);

export default defineConfig({
  test: {
    // rtc-node has one native callback a process and breaks in worker threads.
    pool: 'forks',
    // More than there are cores: the tests wait three quarters of the time.
    maxWorkers: 5,
    // Only for what hangs: a busy machine is no failure.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    reporters: ['default', ['json', { outputFile: 'test-results/vitest.json' }]],
    projects: [
      {
        extends: true,
        // Loading the SDK takes a second: the files of a worker share it, and put back what they change.
        test: {
          name: 'shared',
          isolate: false,
          include: ['src/**/*.test.ts'],
          exclude: [...alone, ...undisturbed],
          sequence: { groupOrder: 2 },
        },
      },
      { extends: true, test: { name: 'alone', include: alone, sequence: { groupOrder: 2 } } },
      {
        extends: true,
        test: {
          name: 'undisturbed',
          include: undisturbed,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
