import type { Isolation } from '@openrtc/core/isolation';
import { describeIsolation } from '@openrtc/core/testing';
import { processes } from '@openrtc/isolation-process';
import { describe, it } from 'vitest';

const entry = new URL('fixtures/conformance-entry.mjs', import.meta.url);

/** Runs the conformance suite with this number of sessions per process. */
export function describeProcesses(sessionsPerProcess: number): void {
  // Of the current case; cases run one after another.
  let isolation: Isolation;
  describeIsolation({
    describe,
    it,
    patienceMs: 20_000,
    createStrategy(scenario) {
      const strategy = processes({
        sessionsPerProcess,
        entry,
        idleProcesses: 1,
        env: { SCENARIO: JSON.stringify(scenario) },
      });
      return {
        name: strategy.name,
        open: async (host, signal) => (isolation = await strategy.open(host, signal)),
      };
    },
    async crash(jobId) {
      const running = (await isolation.processes?.())?.find(({ jobIds }) => jobIds.includes(jobId));
      if (running === undefined) throw new Error(`no process runs job ${jobId}`);
      process.kill(running.pid, 'SIGKILL');
    },
  });
}
