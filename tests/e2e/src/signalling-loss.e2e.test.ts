import { type TcpProxy, startTcpProxy } from '@openrtc/core/testing';
import type { Caller } from '@openrtc/test-rig';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';

import { describeRealCalls } from './real-calls.js';
import type { WorkerProcess, WorkerSetup } from './worker-process.js';

// A gap a listener would notice.
const GAP_MS = 200;
// How long the path is gone. By hand: OPENRTC_OUTAGE_MS=60000 npx vitest run src/signalling-loss
const OUTAGE_MS = Number(process.env['OPENRTC_OUTAGE_MS'] ?? 20_000);
const ALL_TCP_MS = 10_000;
const BACK_WITHIN_MS = 10_000;
// Refused until the path is back: about five of the ten tries each of three rooms has, and the worker's.
const REFUSED = 36;
// Longer than a test.
const TALK_MS = 200_000;

describeRealCalls('a worker cut off from LiveKit', (real) => {
  /** Can lose the worker's connection to LiveKit alone. */
  let signalling: TcpProxy;
  /** Can lose everything: in front of the other one. */
  let line: TcpProxy;
  let worker: WorkerProcess;

  beforeAll(async () => {
    const { hostname: host, port } = new URL(real.server.url);
    signalling = await startTcpProxy({ target: { host, port: Number(port) }, only: '/agent' });
    line = await startTcpProxy({ target: { host: '127.0.0.1', port: signalling.port } });
  });
  afterEach(() => {
    for (const proxy of [signalling, line]) proxy.mode = 'pass';
  });
  afterAll(async () => {
    await line?.close();
    await signalling?.close();
  });

  async function start(pool: WorkerSetup['pool'] = {}): Promise<void> {
    // Its rooms go through the proxies as well: LiveKit names no URL in an assignment.
    worker = await real.startWorker({ agents: 'monologue', pool }, line.url());
  }

  const call = () => real.listen(TALK_MS);

  async function backAgain(reconnects: number): Promise<void> {
    const healed = performance.now();
    await vi.waitFor(
      async () =>
        expect((await worker.snapshot()).livekit).toMatchObject({
          state: 'registered',
          reconnects,
        }),
      { timeout: BACK_WITHIN_MS, interval: 50 },
    );
    console.log(`registered again ${Math.round(performance.now() - healed)} ms after the path`);
  }

  async function heardThroughout(calls: readonly Caller[]): Promise<void> {
    const watched = await Promise.all(calls.map((caller) => caller.stopGapWatch()));
    console.log(`longest gaps: ${watched.map(({ longestGapMs }) => longestGapMs).join(', ')} ms`);
    for (const { longestGapMs } of watched) expect(longestGapMs).toBeLessThan(GAP_MS);
  }

  async function hungUp(calls: readonly Caller[]): Promise<void> {
    await Promise.all(calls.map((caller) => caller.hangUp()));
    for (const { room } of calls) expect((await worker.ended(room)).outcome.status).toBe('success');
  }

  it(
    'keeps its calls talking without its signalling, and takes the next call when it is back',
    { timeout: 120_000 + OUTAGE_MS },
    async () => {
      const { server } = real;
      await start();
      const calls = await Promise.all([call(), call(), call()]);
      const leaving = await call();
      const { jobId } = await server.assignedIn(leaving.room);
      await Promise.all(calls.map((caller) => caller.startGapWatch()));

      signalling.mode = 'cut';
      await leaving.hangUp();
      expect((await worker.ended(leaving.room)).outcome).toMatchObject({
        status: 'success',
        reason: 'caller_left',
      });
      await sleep(OUTAGE_MS);
      expect((await worker.snapshot()).livekit.state).not.toBe('registered');
      signalling.mode = 'pass';
      await backAgain(1);
      await heardThroughout(calls);

      const next = await call();
      expect(await worker.snapshot()).toMatchObject({
        activeSessions: 4,
        totalSessionFailures: 0,
      });
      await hungUp([next, ...calls]);
      const { jobId: nextId } = await server.assignedIn(next.room);
      expect((await server.jobEnded(nextId)).status).toBe('JS_SUCCESS');
      // The server forgets the jobs of a lost connection: the final status, which came over the next
      // one, is of a job it does not know. (The embedded endpoint and LiveKit Cloud take it.)
      const ended = server.log.filter(({ msg }) => msg === 'job ended');
      expect(ended.map((line) => line['jobID'])).not.toContain(jobId);
    },
  );

  it(
    'keeps its calls talking while no TCP connection carries anything',
    { timeout: 120_000 },
    async () => {
      await start();
      const calls = await Promise.all([call(), call(), call()]);
      await Promise.all(calls.map((caller) => caller.startGapWatch()));

      line.mode = 'half_open';
      await sleep(ALL_TCP_MS);
      line.mode = 'pass';
      // Shorter than its patience: it has not even lost its connection.
      await backAgain(0);
      await heardThroughout(calls);

      const next = await call();
      expect(await worker.snapshot()).toMatchObject({ activeSessions: 4, totalSessionFailures: 0 });
      await hungUp([next, ...calls]);
    },
  );

  /*
   * Reset, not silent: rtc-node tries once to resume a room, and when that fails at once it closes the
   * media as well and joins anew. So there is silence until the path is back and its next try comes.
   */
  it(
    'keeps its calls while every TCP connection is reset, and they talk on after it',
    { timeout: 120_000 },
    async () => {
      // A room on its way back knows nobody; that must not pass for an empty one.
      await start({ emptyRoomGraceMs: 500 });
      const calls = await Promise.all([call(), call(), call()]);
      const told = calls.map((caller) => caller.events.length);
      const refused = line.cutConnections;
      const cut = Date.now();
      line.mode = 'cut';
      await vi.waitUntil(() => line.cutConnections >= refused + REFUSED, { timeout: 30_000 });
      line.mode = 'pass';
      const healed = Date.now();
      await backAgain(1);

      const next = await call();
      const again = await Promise.all(
        calls.map((caller, at) => caller.waitForEvent('agentAudible', { from: told[at] ?? 0 })),
      );
      const afterMs = again.map(({ atMs }) => Math.round(atMs - healed));
      console.log(
        `cut for ${healed - cut} ms; published again ${afterMs.join(', ')} ms after the path`,
      );
      await Promise.all(calls.map((caller) => caller.waitForAudio({ minMs: 500 })));
      expect(await worker.snapshot()).toMatchObject({ activeSessions: 4, totalSessionFailures: 0 });
      await hungUp([next, ...calls]);
    },
  );

  /** Ten tries, which are over in seconds when each is refused at once. Nothing outside of rtc-node gives it more. */
  it(
    'fails a call whose room rtc-node gives up, and goes on with the next',
    { timeout: 120_000 },
    async () => {
      await start();
      const lost = await call();
      const cut = performance.now();
      line.mode = 'cut';
      const { outcome } = await worker.ended(lost.room);
      console.log(`rtc-node gave up after ${Math.round(performance.now() - cut)} ms`);
      expect(outcome).toMatchObject({
        status: 'failed',
        error: { code: 'SESSION_CONNECTION_LOST' },
      });
      line.mode = 'pass';
      await backAgain(1);
      const next = await call();
      expect(await worker.snapshot()).toMatchObject({
        state: 'running',
        activeSessions: 1,
        totalSessionFailures: 1,
        consecutiveFailures: 0,
      });
      await hungUp([next]);
    },
  );
});
