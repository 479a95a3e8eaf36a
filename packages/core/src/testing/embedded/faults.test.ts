import { expect, test, vi } from 'vitest';

import type { BadFrame } from './bad-frame.js';
import type { EmbeddedCall } from './embedded-call.js';
import { type EmbeddedLiveKit, startEmbeddedLiveKit } from './embedded-livekit.js';
import { RunningPool } from './pool.fixture.js';

const SUCCESS = { status: 'success', error: '' };
const WAIT = { timeout: 10_000 };
vi.setConfig({ testTimeout: 20_000 });

/** A caller who has been greeted. */
async function dial(livekit: EmbeddedLiveKit): Promise<EmbeddedCall> {
  const call = await livekit.call();
  expect(await call.nextReply()).toBe('Hello.');
  return call;
}

/** The call goes on, and ends as it should. */
async function finish(call: EmbeddedCall): Promise<void> {
  expect(await call.say('still there?')).toBe('You said: still there?');
  call.hangUp();
  expect(await call.ended).toEqual(SUCCESS);
}

const registered = (livekit: EmbeddedLiveKit) => livekit.until(({ workers }) => workers.length > 0);

/** The worker that is registered now has another id, because it is another connection. */
async function cameBack(livekit: EmbeddedLiveKit, before: string | undefined): Promise<void> {
  await livekit.until(({ workers }) => workers.some(({ id }) => id !== before));
}

test('a drain waits for a job that was accepted and not yet assigned, beside a live one', async () => {
  await using livekit = await startEmbeddedLiveKit();
  await using running = new RunningPool(livekit);
  await registered(livekit);
  const live = await dial(livekit);
  livekit.faults.holdAssignments();
  const dialing = livekit.call();
  await livekit.until(({ faults }) => faults.heldAssignments === 1);
  expect(running.pool.runtimeSnapshot()).toMatchObject({ activeSessions: 1, reservedSessions: 1 });
  const drained = running.pool.drain();
  await livekit.until(({ workers }) => workers[0]?.status === 'full');
  livekit.faults.releaseAssignments();
  const late = await dialing;
  expect(await late.nextReply()).toBe('Hello.');
  await finish(live);
  await finish(late);
  await drained;
  await running.finished;
});

test('a late assignment is taken', async () => {
  await using livekit = await startEmbeddedLiveKit();
  await using _running = new RunningPool(livekit);
  await registered(livekit);
  livekit.faults.delayAssignments(50);
  await finish(await dial(livekit));
  expect(livekit.faults.heldAssignments).toBe(0);
});

test('a place is given back when the worker is cut off while its assignment is held', async () => {
  await using livekit = await startEmbeddedLiveKit();
  await using running = new RunningPool(livekit, { maxConcurrentSessions: 1 });
  await registered(livekit);
  livekit.faults.holdAssignments();
  const jobId = livekit.dispatch();
  await livekit.until(({ faults }) => faults.heldAssignments === 1);
  const before = livekit.workers[0]?.id;
  livekit.dropWorkers();
  await cameBack(livekit, before);
  livekit.faults.releaseAssignments();
  await livekit.until(({ jobs }) => jobs[0]?.status === 'failed');
  expect(livekit.jobs[0]).toMatchObject({ jobId, joined: false });
  expect(livekit.jobs[0]?.error).toContain('disconnected before the assignment');
  expect(running.pool.runtimeSnapshot()).toMatchObject({ activeSessions: 0, reservedSessions: 0 });
  await finish(await dial(livekit));
});

test.each<BadFrame>(['bytes', 'text', 'empty', 'unknown'])(
  'a frame it cannot use (%s) costs a worker nothing',
  async (frame) => {
    await using livekit = await startEmbeddedLiveKit();
    await using running = new RunningPool(livekit);
    await registered(livekit);
    const live = await dial(livekit);
    livekit.faults.garble(frame);
    await finish(await dial(livekit));
    await finish(live);
    expect(running.pool.runtimeSnapshot().livekit.reconnects).toBe(0);
  },
);

test('an oversized frame costs the connection, and no call', async () => {
  await using livekit = await startEmbeddedLiveKit();
  await using running = new RunningPool(livekit);
  await registered(livekit);
  const live = await dial(livekit);
  const before = livekit.workers[0]?.id;
  livekit.faults.garble('oversized');
  await cameBack(livekit, before);
  await finish(live);
  await finish(await dial(livekit));
  expect(running.pool.runtimeSnapshot().livekit.reconnects).toBe(1);
});

test('a call that ends during an outage is recorded after it', async () => {
  await using livekit = await startEmbeddedLiveKit();
  await using running = new RunningPool(livekit);
  await registered(livekit);
  const [ends, stays] = [await dial(livekit), await dial(livekit)];
  livekit.faults.down();
  livekit.dropWorkers();
  await livekit.until(({ workers }) => workers.length === 0);
  expect(await ends.say('one')).toBe('You said: one');
  ends.hangUp();
  await vi.waitFor(() => expect(running.outcomes).toHaveLength(1), WAIT);
  expect(livekit.jobs.map(({ status }) => status)).toEqual(['running', 'running']);
  await livekit.faults.up();
  expect(await ends.ended).toEqual(SUCCESS);
  await finish(stays);
  await finish(await dial(livekit));
});

test('while it is down nothing new connects: no worker, no request to the room service', async () => {
  await using livekit = await startEmbeddedLiveKit();
  livekit.faults.down();
  await using _running = new RunningPool(livekit);
  const address = livekit.url.replace('ws:', 'http:');
  await expect(fetch(address)).rejects.toThrow('fetch failed');
  expect(livekit.workers).toEqual([]);
  await livekit.faults.up();
  expect((await fetch(address)).status).toBe(200);
  await registered(livekit);
  await finish(await dial(livekit));
});

test('a final status that got lost with its connection is sent again', async () => {
  await using livekit = await startEmbeddedLiveKit();
  await using running = new RunningPool(livekit);
  await registered(livekit);
  const call = await dial(livekit);
  // The worker hears no pong, so it knows that nothing has arrived.
  livekit.faults.loseFromWorkers();
  const before = livekit.workers[0]?.id;
  livekit.terminate(call.jobId);
  await vi.waitFor(() => expect(running.outcomes).toHaveLength(1), WAIT);
  await livekit.faults.heal();
  livekit.dropWorkers();
  await cameBack(livekit, before);
  await livekit.until(({ jobs }) => jobs[0]?.finalReports === 1);
  await finish(await dial(livekit));
});

test('an offer that gets lost is a lost job, and the next call is answered', async () => {
  await using livekit = await startEmbeddedLiveKit({ availabilityTimeoutMs: 100 });
  await using running = new RunningPool(livekit);
  await registered(livekit);
  livekit.faults.loseToWorkers('availability');
  await expect(livekit.call()).rejects.toThrow('timed out');
  await livekit.faults.heal();
  expect(running.pool.runtimeSnapshot()).toMatchObject({ activeSessions: 0, reservedSessions: 0 });
  await finish(await dial(livekit));
});

test('a connection that flaps cuts no call', async () => {
  await using livekit = await startEmbeddedLiveKit();
  await using running = new RunningPool(livekit);
  await registered(livekit);
  const live = await dial(livekit);
  livekit.faults.flap(1);
  livekit.dropWorkers();
  await livekit.until(() => running.pool.runtimeSnapshot().livekit.reconnects >= 2);
  expect(await live.say('hello?')).toBe('You said: hello?');
  await livekit.faults.heal();
  await livekit.until(({ workers }) => workers[0]?.jobCount === 1);
  await finish(live);
});

test('a server that cuts instead of answering the registration is tried again', async () => {
  await using livekit = await startEmbeddedLiveKit();
  livekit.faults.flap(0);
  await using _running = new RunningPool(livekit);
  await livekit.until(({ faults }) => faults.cutConnections >= 2);
  expect(livekit.workers).toEqual([]);
  await livekit.faults.heal();
  await registered(livekit);
  await finish(await dial(livekit));
});

test('a pool whose registration is never answered can be closed', async () => {
  await using livekit = await startEmbeddedLiveKit();
  livekit.faults.ignoreRegistrations();
  await using running = new RunningPool(livekit);
  await livekit.until(({ faults }) => faults.unansweredRegistrations === 1);
  expect(running.pool.runtimeSnapshot().state).toBe('starting');
  await running.pool.close();
  await running.finished;
});

test('a pool whose registration was not answered comes back when the connection is cut', async () => {
  await using livekit = await startEmbeddedLiveKit();
  livekit.faults.ignoreRegistrations();
  await using _running = new RunningPool(livekit);
  await livekit.until(({ faults }) => faults.unansweredRegistrations === 1);
  await livekit.faults.heal();
  livekit.dropWorkers();
  await registered(livekit);
  await finish(await dial(livekit));
});
