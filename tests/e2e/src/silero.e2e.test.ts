import { expect, it } from 'vitest';

import { describeRealCalls } from './real-calls.js';
import { roomName } from './real-server.js';

describeRealCalls('calls that hear through silero()', (real) => {
  it.each(['coroutine', 'processes:2'])('two at a time, over one model: %s', async (isolation) => {
    const worker = await real.startWorker({ agents: 'hearing', isolation });
    const rooms = [roomName('hearing'), roomName('hearing')];
    const callers = await Promise.all(
      rooms.map(async (room) => {
        const caller = await real.join(room);
        await caller.waitForAgent();
        expect((await caller.nextTranscript('agent')).text).toBe('Welcome, I can hear you.');
        await caller.waitForAudio({ fromJoin: true, minMs: 300 });
        return caller;
      }),
    );
    for (const caller of callers) {
      await caller.speak('support');
      expect((await caller.nextTranscript('agent')).text).toBe(
        'silero.VAD: My internet is not working, can you help?',
      );
    }
    for (const caller of callers) await caller.hangUp();
    for (const room of rooms)
      expect((await worker.ended(room)).outcome).toMatchObject({ status: 'success' });
    worker.kill('SIGTERM');
    expect(await worker.exited).toEqual({ code: 0, signal: null });
  });
});
