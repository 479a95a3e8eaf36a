import { expect, it } from 'vitest';

import { describeRealCalls } from './real-calls.js';
import { roomName } from './real-server.js';

describeRealCalls('a deploy during calls', (real) => {
  it('leaves each call its audio to its end, sends new ones elsewhere, and exits 0', async () => {
    const { server } = real;
    const old = await real.startWorker({ agents: 'monologue' });
    const calls = await Promise.all(
      [15_000, 18_000, 21_000].map(async (talkMs) => {
        const caller = await real.listen(talkMs);
        const { room } = caller;
        const { jobId } = await server.assignedIn(room);
        return { talkMs, room, caller, jobId };
      }),
    );
    const gaps = await real.watchGaps(calls.map(({ caller }) => caller));
    const next = await real.startWorker({ agents: 'text' });
    old.kill('SIGTERM');

    const late = await real.join(roomName('text'), { microphone: false });
    expect((await late.nextTranscript('agent')).text).toBe('Welcome to text.');

    const ends: string[] = [];
    const heard = await Promise.all(
      calls.map(async ({ talkMs, room: name, caller, jobId }) => {
        // The watch has to stop while the agent still talks: a second before its end.
        await caller.waitForAudio({ fromJoin: true, minMs: talkMs - 1_500 });
        const { longestGapMs } = await caller.stopGapWatch();
        const { outcome } = await old.ended(name);
        ends.push(name);
        expect(outcome).toMatchObject({ status: 'success', reason: 'agent_shutdown' });
        expect((await server.jobEnded(jobId)).status).toBe('JS_SUCCESS');
        expect((await caller.audio()).heardMs).toBeGreaterThan(talkMs * 0.95);
        return longestGapMs;
      }),
    );
    await gaps.expectNoneIn(heard);
    expect(ends).toEqual(calls.map((call) => call.room));
    expect(await old.exited).toEqual({ code: 0, signal: null });
    expect(await next.snapshot()).toMatchObject({ activeSessions: 1 });
  });
});
