import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';

import { describeRealCalls } from './real-calls.js';
import { roomName } from './real-server.js';

/*
 * A room that is made before its caller comes: the agent is there first. What it says to an empty room nobody ever
 * hears, so its greeting waits.
 */
describeRealCalls('callers who come after their agent', (real) => {
  it.each([
    { agents: 'three', agent: 'support', voice: 'an agent with a voice' },
    { agents: 'text', agent: 'text', voice: 'an agent without a voice' },
  ] as const)('are greeted by $voice', async ({ agents, agent }) => {
    const worker = await real.startWorker({ agents });
    const room = roomName(agent);
    await real.server.createRoom(room, JSON.stringify({ agent }));
    const { jobId } = await real.server.assignedIn(room);
    const joined = async () =>
      (await worker.snapshot()).sessions.find((session) => session.jobId === jobId)?.joined;
    await expect.poll(joined, { timeout: 30_000 }).toBe(true);
    // Long enough for the session to start and to speak.
    await sleep(1_000);

    const caller = await real.join(room, { microphone: false });
    expect((await caller.nextTranscript('agent')).text).toBe(`Welcome to ${agent}.`);
    await caller.hangUp();
    expect((await worker.ended(room)).outcome.status).toBe('success');
  });
});
