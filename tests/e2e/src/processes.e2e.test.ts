import type { Caller } from '@openrtc/test-rig';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';

import { describeRealCalls } from './real-calls.js';
import type { WorkerProcess } from './worker-process.js';

// Longer than everything else takes.
const TALK_MS = 600_000;
const WATCH_MS = 2_000;
const PATIENCE = { timeout: 30_000, interval: 50 };

describeRealCalls('calls in processes of their own', (real) => {
  const pids = async (worker: WorkerProcess) =>
    new Map(
      (await worker.processes()).flatMap(({ pid, jobIds }) => jobIds.map((jobId) => [jobId, pid])),
    );

  /** Until the agent is out of the room. */
  const out = (room: string) =>
    vi.waitFor(async () => {
      const left = await real.server.listParticipants(room);
      expect(left.map(({ identity }) => identity)).toEqual(['caller']);
    }, PATIENCE);

  it(
    'one fault at a time ends one call of six, and no other hears of it',
    { timeout: 300_000 },
    async () => {
      const { server } = real;
      const worker = await real.startWorker({
        agents: 'monologue',
        isolation: 'processes',
        processes: { memoryLimitMb: 500, idleProcesses: 1 },
        pool: { consecutiveFailureLimit: 100 },
      });
      const calls: Caller[] = [];
      const fill = async () => {
        while (calls.length < 6)
          calls.push(...(await real.listenTogether(Math.min(2, 6 - calls.length), TALK_MS)));
      };
      const faults: readonly [string, (pid: number, call: Caller) => unknown, RegExp][] = [
        ['SIGKILL', (pid) => process.kill(pid, 'SIGKILL'), /^ISOLATION_LOST: .*SIGKILL/],
        ['SIGSTOP', (pid) => process.kill(pid, 'SIGSTOP'), /^ISOLATION_STUCK: /],
        ['SIGSEGV', (pid) => process.kill(pid, 'SIGSEGV'), /^ISOLATION_LOST: .*SIGSEGV/],
        ['grow', (_pid, call) => call.sendText('grow'), /^ISOLATION_MEMORY_LIMIT: memory limit/],
        ['spin', (_pid, call) => call.sendText('spin'), /^ISOLATION_STUCK: /],
      ];
      for (const [name, happen, reason] of faults) {
        await fill();
        const [struck, ...others] = calls.splice(0, 6) as [Caller, ...Caller[]];
        const { jobId } = await server.assignedIn(struck.room);
        const pid = (await pids(worker)).get(jobId) ?? Number.NaN;
        // No process starts meanwhile, as before the fault.
        await vi.waitFor(async () => {
          const states = (await worker.processes()).map(({ state }) => state);
          expect(states.filter((state) => state !== 'ready')).toEqual([]);
        }, PATIENCE);

        const calm = await real.watchGaps(others);
        await sleep(WATCH_MS);
        const before = await calm.stop();
        const gaps = await real.watchGaps(others);
        const since = performance.now();
        await happen(pid, struck);
        const { status, error } = await server.jobEnded(jobId);
        await out(struck.room);
        console.log(`${name}: gone after ${Math.round(performance.now() - since)} ms`);
        await sleep(WATCH_MS);
        await gaps.expectNone(before);
        expect({ status, error }).toEqual({
          status: 'JS_FAILED',
          error: expect.stringMatching(reason),
        });
        await struck.hangUp();
        calls.push(...others);
      }
      expect(await worker.snapshot()).toMatchObject({
        state: 'running',
        activeSessions: 5,
        totalSessionFailures: 5,
      });
    },
  );

  it(
    'of ten calls, five in each of two processes, a crash takes five, and both processes do their share of the work',
    { timeout: 300_000 },
    async () => {
      const worker = await real.startWorker({
        agents: 'monologue',
        isolation: 'processes:5',
        pool: { maxConcurrentSessions: 10, consecutiveFailureLimit: 100 },
      });
      const calls: Caller[] = [];
      // One after another: when many come at once a third process is started ahead of need.
      while (calls.length < 10) calls.push(await real.listen(TALK_MS));
      const first = await worker.processes();
      expect(first).toHaveLength(2);
      await Promise.all(calls.map((caller) => caller.waitForAudio({ minMs: 1_000 })));
      for (const { pid, cpuMs } of await worker.processes())
        expect(cpuMs).toBeGreaterThan(first.find((before) => before.pid === pid)?.cpuMs ?? 0);

      const placed = await pids(worker);
      const jobs = await Promise.all(
        calls.map(async (caller) => {
          const { jobId } = await real.server.assignedIn(caller.room);
          return { caller, jobId, pid: placed.get(jobId) };
        }),
      );
      const [{ pid: crashed = Number.NaN } = {}] = jobs;
      const lost = jobs.filter(({ pid }) => pid === crashed);
      const rest = jobs.filter(({ pid }) => pid !== crashed);
      expect([lost.length, rest.length]).toEqual([5, 5]);
      const gaps = await real.watchGaps(rest.map(({ caller }) => caller));
      process.kill(crashed, 'SIGKILL');
      for (const { jobId } of lost)
        expect((await real.server.jobEnded(jobId)).error).toMatch(/^ISOLATION_LOST: /);
      await Promise.all(lost.map(({ caller }) => out(caller.room)));
      await gaps.expectNone();
      await Promise.all(rest.map(({ caller }) => caller.hangUp()));
      for (const { jobId } of rest)
        expect((await real.server.jobEnded(jobId)).status).toBe('JS_SUCCESS');
    },
  );
});
