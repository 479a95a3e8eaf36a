import type { Caller } from '@openrtc/test-rig';
import { afterEach, describe, expect, it } from 'vitest';

import { onlyAtNight, times } from './long-forms.js';
import { MemoryCgroup, noMemoryCgroup } from './memory-cgroup.js';
import { describeRealCalls } from './real-calls.js';
import { roomName } from './real-server.js';

// Known before the tests are: it is part of their title.
const reason = await noMemoryCgroup();
if (reason !== undefined) console.error(`\n*** These tests are skipped: ${reason} ***\n`);

const CALLERS = 12;

/*
 * A worker that exceeds the limit of its control group is killed by the kernel, with all of its calls. Each worker here
 * gets more callers than fit, and its agents would like the turn detector.
 */
describeRealCalls('a worker with a memory limit', (real) => {
  describe.skipIf(reason !== undefined)(reason ?? 'of a control group', () => {
    const groups: MemoryCgroup[] = [];
    const answered: Caller[] = [];

    afterEach(async () => {
      await Promise.all(answered.splice(0).map((caller) => caller.hangUp()));
      await real.closeWorkers();
      for (const group of groups.splice(0)) await group.close();
    });

    /** Calls, and hangs up if no agent answers. */
    async function call(): Promise<void> {
      const room = roomName('limited');
      const caller = await real.join(room, { metadata: { agent: 'support' } });
      const greeting = await caller
        .nextTranscript('agent', { timeoutMs: 30_000 })
        .catch(() => undefined);
      if (greeting === undefined) await caller.hangUp();
      else answered.push(caller);
    }

    // Where other processes have used the same files first, these are charged to them, and a worker takes 45 MiB less.
    it.each([
      ...onlyAtNight([
        ['192 MiB, all calls in the worker', 192, 'coroutine', { detector: false, fit: [3, 11] }],
      ] as const),
      ['256 MiB, all calls in the worker', 256, 'coroutine', { detector: false, fit: [6, 12] }],
      ['512 MiB, all calls in the worker', 512, 'coroutine', { detector: true, fit: [5, 12] }],
      ['512 MiB, a process for each call', 512, 'processes', { detector: false, fit: [2, 8] }],
    ] as const)(
      'answers as many of twelve callers as fit, and refuses the rest: %s',
      { timeout: 480_000 },
      async (_name, limitMb, isolation, { detector, fit: [least, most] }) => {
        const group = MemoryCgroup.create(limitMb);
        groups.push(group);
        const worker = await real.startWorker({
          isolation,
          procs: group.procs,
          // Only the memory decides here.
          pool: { maxEventLoopLagMs: Number.MAX_SAFE_INTEGER },
        });
        expect(worker.output).toMatch(/memory: about \d+ calls fit/);
        expect(worker.output.includes('the turn detector is not loaded')).toBe(!detector);

        // At once: most of them are offered before the memory of the first is there.
        await Promise.all(Array.from({ length: CALLERS }, call));
        // The turn detector, if it fits, is loaded in the first of these turns.
        for (let turn = 0; turn < times({ inCi: 1, nightly: 2 }); turn += 1)
          await Promise.all(
            answered.map(async (caller) => {
              await caller.waitForSilence();
              await caller.speak('support');
              await caller.nextTranscript('agent', { timeoutMs: 60_000 });
            }),
          );

        const { activeSessions, totalSessionFailures, refused, memory } = await worker.snapshot();
        console.log(`${limitMb} MiB, ${isolation}: ${answered.length} answered`, refused, memory);
        // One line says why turns end by VAD; that the package is not installed would be wrong.
        expect(worker.output).not.toContain('npm install @openrtc/prewarm');
        expect(group.kills).toBe(0);
        expect({ activeSessions, totalSessionFailures }).toEqual({
          activeSessions: answered.length,
          totalSessionFailures: 0,
        });
        expect(answered.length).toBeGreaterThanOrEqual(least);
        expect(answered.length).toBeLessThanOrEqual(most);
        // The others were refused, or not even offered to a worker that has reported itself full.
        if (answered.length < CALLERS && (refused.busy ?? 0) === 0)
          expect(worker.output).toContain('memory: one more call does not fit');
        expect(refused.busy ?? 0).toBeLessThanOrEqual(CALLERS - answered.length);
        expect(memory).toMatchObject({ limitBytes: limitMb * 1_048_576, source: 'cgroup' });
      },
    );
  });
});
