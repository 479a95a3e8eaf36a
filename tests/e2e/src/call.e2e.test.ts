import { expect, it } from 'vitest';

import { describeRealCalls } from './real-calls.js';
import { roomName } from './real-server.js';

/*
 * The seam, whole: offer, real call, final status recorded by the server, agent gone. Once through the
 * isolation under test, once through a strategy that shares no object with the pool.
 */
describeRealCalls('a real call', (real) => {
  it.each([
    { how: 'the isolation', cloned: false },
    { how: 'cloning()', cloned: true },
  ])('is answered, recorded and left through $how', async ({ cloned }) => {
    const { server } = real;
    const worker = await real.startWorker({ cloned });
    const room = roomName('support');
    const caller = await real.join(room);
    const agent = await caller.waitForAgent();
    const { jobId } = await server.assignedIn(room);
    expect(agent).toBe(`agent-${jobId}`);

    expect((await caller.nextTranscript('agent')).text).toBe('Welcome to support.');
    await caller.waitForAudio({ fromJoin: true, minMs: 300 });
    await caller.speak('support');
    expect((await caller.nextTranscript('agent')).text).toBe(
      'support heard: My internet is not working, can you help?',
    );
    const reply = await caller.audio();
    expect(reply.segments.every((segment) => segment.dominantHz === 660)).toBe(true);

    await caller.hangUp();
    expect(await server.jobEnded(jobId)).toEqual({ jobId, status: 'JS_SUCCESS', error: '' });
    const { outcome, info } = await worker.ended(room);
    expect(outcome).toMatchObject({ status: 'success', reason: 'caller_left' });
    expect(info).toMatchObject({ agent: 'support', tenant: 'default', jobId });
    expect(await server.listParticipants(room)).toEqual([]);
    expect(await worker.snapshot()).toMatchObject({
      activeSessions: 0,
      reservedSessions: 0,
      totalSessionsStarted: 1,
      totalSessionFailures: 0,
    });

    worker.kill('SIGTERM');
    expect(await worker.exited).toEqual({ code: 0, signal: null });
  });
});
