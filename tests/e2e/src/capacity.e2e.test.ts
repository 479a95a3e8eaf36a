import type { Caller } from '@openrtc/test-rig';
import { expect, it } from 'vitest';

import { describeRealCalls } from './real-calls.js';
import { roomName } from './real-server.js';

/*
 * The server's default target_load of 0.7 would leave a worker that reports active/max at 35 of 50.
 * The agents have no audio, so that fifty calls fit a small machine.
 */
describeRealCalls('a worker at its cap', (real) => {
  async function call(): Promise<{ caller: Caller; workerId: string }> {
    const room = roomName('text');
    const caller = await real.join(room, { microphone: false });
    expect((await caller.nextTranscript('agent', { timeoutMs: 60_000 })).text).toBe(
      'Welcome to text.',
    );
    const { workerId } = await real.server.assignedIn(room);
    return { caller, workerId };
  }

  it(
    'takes fifty calls by default, and the 51st goes to another worker',
    { timeout: 480_000 },
    async () => {
      const first = await real.startWorker({ agents: 'text' });
      const calls = [];
      while (calls.length < 50) calls.push(...(await Promise.all([call(), call()])));
      const [firstId] = new Set(calls.map(({ workerId }) => workerId));
      expect(new Set(calls.map(({ workerId }) => workerId)).size).toBe(1);
      expect(await first.snapshot()).toMatchObject({
        activeSessions: 50,
        maxConcurrentSessions: 50,
        refused: {},
      });

      await real.startWorker({ agents: 'text' });
      const { workerId } = await call();
      expect(workerId).not.toBe(firstId);

      // All of them are calls one can talk to, not only jobs that were assigned.
      for (const { caller } of [calls[0], calls[25], calls[49]].filter(
        (each) => each !== undefined,
      )) {
        await caller.sendText('still there?');
        expect((await caller.nextTranscript('agent')).text).toBe('text heard: still there?');
      }
      const [one] = calls;
      await one?.caller.hangUp();
      await first.ended(one?.caller.room ?? '');
      expect(await first.snapshot()).toMatchObject({ activeSessions: 49 });
    },
  );
});
