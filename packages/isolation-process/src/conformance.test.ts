import { describeIsolation } from '@openrtc/core/testing';
import { processes } from '@openrtc/isolation-process';
import { describe, it, vi } from 'vitest';

// Each case starts processes of its own, a second of CPU each.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const entry = new URL('fixtures/conformance-entry.mjs', import.meta.url);

describe.each([1, 5])('with %i sessions a process', (sessionsPerProcess) => {
  describeIsolation({
    describe,
    it,
    patienceMs: 20_000,
    createStrategy: (scenario) =>
      processes({
        sessionsPerProcess,
        entry,
        idleProcesses: 1,
        env: { SCENARIO: JSON.stringify(scenario) },
      }),
  });
});
