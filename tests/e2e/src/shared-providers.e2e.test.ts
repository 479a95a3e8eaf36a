import type { Caller } from '@openrtc/test-rig';
import { expect, it } from 'vitest';

import { describeRealCalls } from './real-calls.js';
import { roomName } from './real-server.js';

describeRealCalls('providers that calls share', (real) => {
  async function join(room: string): Promise<Caller> {
    const caller = await real.join(room, { metadata: '' });
    expect((await caller.nextTranscript('agent')).text).toBe('Welcome.');
    return caller;
  }

  async function answered(caller: Caller): Promise<void> {
    await caller.speak('hours');
    expect((await caller.nextTranscript('agent')).text).toBe('heard: is anybody there');
  }

  it('ends one call of six when its speech-to-text fails for good, and no other', async () => {
    const { server } = real;
    const worker = await real.startWorker({ agents: 'sharing' });
    const names = ['a', 'b', 'broken', 'd', 'e', 'f'];
    const six = await Promise.all(names.map((name) => join(roomName(name))));
    const jobs = await Promise.all(six.map(({ room }) => server.assignedIn(room)));
    const broken = six[2] as Caller;
    const others = six.filter((caller) => caller !== broken);
    // Elsewhere the providers are not in the worker's own process, which could not count.
    const here = (await worker.snapshot()).isolation === 'coroutine';
    if (here) expect((await worker.listeners()).every((count) => count >= 6)).toBe(true);

    const [ended] = await Promise.all([
      worker.ended(broken.room),
      broken.speak('hours', { awaitListener: false }),
      ...others.map(answered),
    ]);
    expect(ended.outcome).toMatchObject({
      status: 'failed',
      error: { code: 'SESSION_CLOSED_WITH_ERROR' },
    });
    expect((await server.jobEnded(jobs[2]?.jobId ?? '')).status).toBe('JS_FAILED');

    // The failure was reported by now; the five go on.
    expect((await worker.snapshot()).activeSessions).toBe(5);
    await Promise.all(others.map(answered));
    await Promise.all(others.map((caller) => caller.hangUp()));
    for (const [at, caller] of six.entries()) {
      if (caller === broken) continue;
      expect((await server.jobEnded(jobs[at]?.jobId ?? '')).status).toBe('JS_SUCCESS');
      expect((await worker.ended(caller.room)).outcome.reason).toBe('caller_left');
    }
    if (here) expect(await worker.listeners()).toEqual([0, 0, 0, 0]);
    expect(worker.output).not.toContain('MaxListenersExceededWarning');
    await broken.hangUp();
  });
});
