import type { Isolation } from '@openrtc/core/isolation';
import { describeIsolation } from '@openrtc/core/testing';
import { processes } from '@openrtc/isolation-process';
import { describe, it } from 'vitest';

const entry = new URL('fixtures/conformance-entry.mjs', import.meta.url);

/** The conformance suite, with so many sessions in each process. */
export function describeProcesses(sessionsPerProcess: number): void {
  // Of the case that runs; they run one after another.
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
