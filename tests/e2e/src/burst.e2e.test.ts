import { startEmbeddedLiveKit } from '@openrtc/core/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { AnswerTimes } from './answer-times.js';
import { noServer, roomName, startServer } from './real-server.js';
import { SignallingTap } from './signalling-tap.js';
import { type LiveKitAddress, WorkerProcess } from './worker-process.js';

const CAPS = [13, 7];
const PLACES = 20;
const DISPATCHES = 200;

let workers: WorkerProcess[] = [];
let tap: SignallingTap | undefined;

afterEach(async () => {
  for (const worker of workers) await worker.close();
  await tap?.close();
});

/** Workers behind a tap that takes the time of each answer. */
async function startWorkers({ url, apiKey, apiSecret }: LiveKitAddress): Promise<AnswerTimes> {
  const times = new AnswerTimes();
  tap = await SignallingTap.start(url, times);
  const address = { url: tap.url, apiKey, apiSecret };
  workers = await Promise.all(
    CAPS.map((maxConcurrentSessions) =>
      // Nobody is in these rooms: the calls go on all the same.
      WorkerProcess.start(address, {
        agents: 'text',
        pool: {
          maxConcurrentSessions,
          emptyRoomGraceMs: 0,
          livekit: { allowedHosts: [new URL(url).hostname] },
        },
      }),
    ),
  );
  return times;
}

/** Every place is taken by a call whose agent is in its room, and there was never one more. */
async function allPlacesTaken(): Promise<void> {
  await vi.waitFor(
    async () => {
      const snapshots = await Promise.all(workers.map((worker) => worker.snapshot()));
      expect(
        snapshots.map(({ sessions }) => sessions.filter(({ joined }) => joined).length),
      ).toEqual(CAPS);
    },
    { timeout: 60_000 },
  );
  const snapshots = await Promise.all(workers.map((worker) => worker.snapshot()));
  for (const [at, snapshot] of snapshots.entries())
    expect(snapshot).toMatchObject({
      activeSessions: CAPS[at],
      totalSessionsStarted: CAPS[at],
      totalSessionFailures: 0,
      reservedSessions: 0,
    });
  console.log(
    'refused by the workers:',
    snapshots.map(({ refused }) => JSON.stringify(refused)),
  );
}

/** Each offer has had one answer, and as many were taken as there are places. */
async function eachAnsweredOnce(times: AnswerTimes): Promise<void> {
  await vi.waitUntil(() => times.offers.every(({ answers }) => answers.length > 0), {
    timeout: 30_000,
  });
  for (const { answers } of times.offers) expect(answers).toHaveLength(1);
  expect(times.oddities).toEqual([]);
  expect(times.taken.toSorted((a, b) => b - a)).toEqual(CAPS);
  console.log(`from an offer to its answer: ${times.figures(false)}; ${times.figures(true)}`);
}

describe('200 calls in a second for 20 places', () => {
  it('on the embedded endpoint: 20 run, the others are refused or not offered', async () => {
    const livekit = await startEmbeddedLiveKit();
    try {
      const times = await startWorkers(livekit);
      for (let count = 0; count < DISPATCHES; count += 1) livekit.dispatch();
      await livekit.until(
        ({ jobs }) =>
          jobs.length === DISPATCHES && jobs.every(({ status }) => status !== 'pending'),
      );
      await allPlacesTaken();
      await eachAnsweredOnce(times);
    } finally {
      for (const worker of workers) await worker.close();
      await livekit.close();
    }
  });

  it.skipIf(noServer)(`on a real server: the same${noServer ? `: ${noServer}` : ''}`, async () => {
    const server = await startServer();
    try {
      const times = await startWorkers(server);
      await Promise.all(
        Array.from({ length: DISPATCHES }, () => server.createRoom(roomName('text'))),
      );
      await allPlacesTaken();
      // Each of the others was offered until nobody was left to ask.
      const nobody = () =>
        server.log.filter(({ msg }) => msg === 'failed to send job request').length;
      await vi.waitUntil(() => nobody() === DISPATCHES - PLACES, { timeout: 30_000 });
      expect(server.assignments()).toHaveLength(PLACES);
      await eachAnsweredOnce(times);
    } finally {
      for (const worker of workers) await worker.close();
      await server.close();
    }
  });
});
