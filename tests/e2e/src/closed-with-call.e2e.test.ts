import type { Caller } from '@openrtc/test-rig';
import { expect, it } from 'vitest';

import { describeRealCalls } from './real-calls.js';
import { roomName } from './real-server.js';

const DEADLINE = { timeout: 30_000 };
// In the worker's own process, whose calls share what is made once.
const SETUP = { agents: 'closing', isolation: 'coroutine' } as const;

describeRealCalls('what is closed with a call', (real) => {
  async function join(agent: string): Promise<Caller> {
    const caller = await real.join(roomName(agent), { metadata: { agent } });
    expect((await caller.nextTranscript('agent')).text).toBe('Welcome.');
    return caller;
  }

  async function answered(caller: Caller): Promise<void> {
    await caller.speak('hours');
    expect((await caller.nextTranscript('agent')).text).toBe('You said: is anybody there');
  }

  it.each(['shared-filter', 'shared-filter-sdk'])(
    'leaves the frame processor that calls share open for the others: %s',
    async (agent) => {
      const worker = await real.startWorker(SETUP);
      const [first, second] = [await join(agent), await join(agent)];
      await Promise.all([answered(first), answered(second)]);
      await first.hangUp();
      await worker.ended(first.room);
      await answered(second);
      const third = await join(agent);
      await answered(third);
      await Promise.all([second, third].map((caller) => caller.hangUp()));
      await worker.ended(second.room);
      await worker.ended(third.room);
      expect(worker.output).not.toContain('closed: the shared filter');
      expect(worker.output).not.toContain('Frame processing failed');
      expect(worker.output).toContain('give each call its own');
    },
  );

  it('closes the frame processor that a factory has made for the call, and no other', async () => {
    const worker = await real.startWorker(SETUP);
    const [first, second] = [await join('own-filter'), await join('own-filter')];
    await answered(first);
    await first.hangUp();
    await expect.poll(() => worker.output, DEADLINE).toContain(`closed: ${first.room}`);
    await answered(second);
    expect(worker.output).not.toContain(`closed: ${second.room}`);
    expect(worker.output).not.toContain('give each call its own');
    await second.hangUp();
    await expect.poll(() => worker.output, DEADLINE).toContain(`closed: ${second.room}`);
  });

  it('ends the recovery of the fallback adapter of an agent, so that the worker can exit', async () => {
    const worker = await real.startWorker(SETUP);
    const asked = () => worker.output.split('asked: the rejected TTS').length - 1;
    const callers = await Promise.all([1, 2, 3].map(() => join('falling')));
    await expect.poll(asked, DEADLINE).toBeGreaterThan(6);
    await Promise.all(callers.map((caller) => caller.hangUp()));
    const ends = await Promise.all(callers.map(({ room }) => worker.ended(room)));
    for (const { outcome } of ends) expect(outcome).toMatchObject({ status: 'success' });
    worker.kill('SIGTERM');
    expect(await worker.exited).toEqual({ code: 0, signal: null });
    expect(worker.output).not.toContain('the process goes on');
  });
});
