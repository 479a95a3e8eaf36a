import { type EmbeddedLiveKit, startEmbeddedLiveKit } from '@openrtc/core/testing';
import type { LiveKitServer } from '@openrtc/test-rig';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { noServer, roomName, startServer } from './real-server.js';
import { type LiveKitAddress, WorkerProcess } from './worker-process.js';

const CAPS = [13, 7];
const PLACES = 20;
const DISPATCHES = 200;

let workers: WorkerProcess[] = [];

afterEach(async () => {
  for (const worker of workers) await worker.close();
});

async function startWorkers(address: LiveKitAddress): Promise<void> {
  workers = await Promise.all(
    CAPS.map((maxConcurrentSessions) =>
      // Nobody is in these rooms: the calls go on all the same.
      WorkerProcess.start(address, {
        agents: 'text',
        pool: { maxConcurrentSessions, emptyRoomGraceMs: 0 },
      }),
    ),
  );
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

describe('200 calls in a second for 20 places', () => {
  it('on the embedded endpoint: 20 run, the others are refused or not offered', async () => {
    const livekit = await startEmbeddedLiveKit();
    try {
      await startWorkers(livekit);
      const answers = await burst(livekit);
      const taken = answers.filter(({ error }) => error === '');
      expect(taken).toHaveLength(PLACES);
      await allPlacesTaken();
      const asked = answers.filter(({ error }) => !error.startsWith('no workers'));
      const times = asked.map(({ ms }) => ms).toSorted((a, b) => a - b);
      const at = (share: number) => times[Math.ceil(share * times.length) - 1]?.toFixed(1);
      console.log(
        `${asked.length} of ${DISPATCHES} were offered; from dispatch to the last answer: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`,
      );
    } finally {
      await livekit.close();
    }
  });

  it.skipIf(noServer)('on a real server: the same', async () => {
    const server: LiveKitServer = await startServer();
    try {
      await startWorkers(server);
      await Promise.all(
        Array.from({ length: DISPATCHES }, () => server.createRoom(roomName('text'))),
      );
      await allPlacesTaken();
      expect(server.assignments()).toHaveLength(PLACES);
    } finally {
      for (const worker of workers) await worker.close();
      await server.close();
    }
  });
});

/** Dispatches them all at once, and resolves when workers have answered each, or there was none to ask. */
async function burst(livekit: EmbeddedLiveKit): Promise<{ ms: number; error: string }[]> {
  const from = new Map<string, number>();
  for (let count = 0; count < DISPATCHES; count += 1)
    from.set(livekit.dispatch(), performance.now());
  const answers = new Map<string, { ms: number; error: string }>();
  await livekit.until(({ jobs }) => {
    for (const { jobId, status, error } of jobs) {
      if (status === 'pending' || answers.has(jobId)) continue;
      answers.set(jobId, { ms: performance.now() - (from.get(jobId) ?? 0), error });
    }
    return answers.size === DISPATCHES;
  });
  return [...answers.values()];
}
