import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, it } from 'vitest';

import { describeRealCalls } from './real-calls.js';
import { roomName } from './real-server.js';
import type { WorkerProcess } from './worker-process.js';

/*
 * A caller who hangs up while the agent joins, sets up, publishes its track, says its first word. Each of these calls
 * ends because its caller has left, long before LiveKit would close its room, and LiveKit has its final status before
 * its agent leaves.
 */
describeRealCalls('callers who hang up while their call begins', (real) => {
  let worker: WorkerProcess;
  beforeAll(async () => {
    worker = await real.startWorker({ agents: 'three' });
  });

  it.each([0, 50, 100, 200, 300, 400, 500, 600, 800, 1_500])(
    '%i ms after the agent has come',
    async (ms) => {
      const room = roomName('hangup');
      const caller = await real.join(room, { metadata: { agent: 'support' } });
      await caller.waitForAgent();
      await sleep(ms);
      await caller.hangUp();
      const { info, outcome } = await worker.ended(room);
      expect(outcome).toMatchObject({ status: 'success', reason: 'caller_left' });
      expect(await real.server.jobEnded(info.jobId)).toMatchObject({
        status: 'JS_SUCCESS',
        error: '',
      });
      expect(await worker.snapshot()).toMatchObject({ activeSessions: 0, reservedSessions: 0 });
    },
  );
});

/*
 * A room that is deleted before its agent has joined is created again by that join, and LiveKit dispatches a second job
 * for it. Nobody wants that room: it must not stay, and no agent in it.
 */
describeRealCalls('rooms that are deleted while their call begins', (real) => {
  it('do not come back, and no place stays taken', async () => {
    const worker = await real.startWorker({ agents: 'text' });
    for (const ms of [0, 0, 10, 20, 40, 80, 150, 300, 450, 600]) {
      const room = roomName('deleted');
      await real.server.createRoom(room);
      const { jobId } = await real.server.assignedIn(room);
      await sleep(ms);
      await real.server.deleteRoom(room);
      const { info, outcome } = await worker.ended(room);
      expect(info.jobId).toBe(jobId);
      expect(outcome.causedBy).toMatch(/^(room|livekit)$/);
    }
    const state = async () => {
      const { activeSessions, reservedSessions } = await worker.snapshot();
      return { activeSessions, reservedSessions, rooms: await real.server.listRooms() };
    };
    await expect
      .poll(state, { timeout: 30_000 })
      .toEqual({ activeSessions: 0, reservedSessions: 0, rooms: [] });
    expect(await worker.snapshot()).toMatchObject({ state: 'running', consecutiveFailures: 0 });
  });
});
