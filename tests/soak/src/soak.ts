import {
  allProcesses,
  cpuSecondsOf,
  type FoundServer,
  type JobEnd,
  type LiveKitServer,
  startCallers,
  startLiveKitServer,
} from '@openrtc/test-rig';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Growth, Observed } from './checks.js';
import { type Calls, type Line, makeCalls } from './make-calls.js';
import type { SoakOptions } from './options.js';
import { memoryOf, type Reading } from './reading.js';
import { SoakWorker } from './soak-worker.js';

/** By then the short timers of a start or an end have fired. */
const SETTLE_MS = 5_000;
/** Threads and sockets of closed peer connections remain for some seconds. */
const QUIET_MS = 30_000;
/** A call ends some time after its caller has hung up, when its session has closed. */
const IDLE_MS = 60_000;
const GROWTH_EVERY = 10;
const POLL_MS = 500;

/** Makes the calls of a run and takes the readings. */
export async function soak(
  found: FoundServer,
  { calls, concurrency, isolation, music, heap }: SoakOptions,
  say: (line: string) => void,
): Promise<Observed> {
  await using folder = await temporaryFolder();
  await using server = await startLiveKitServer({ found });
  await using callers = await startCallers();
  await using worker = await SoakWorker.start(server, folder.path, { isolation, music });
  const line: Line = { server, callers };

  await sleep(SETTLE_MS);
  const idleBefore = await cpuPercent(worker.pid, QUIET_MS);
  const before = await worker.read();
  if (heap !== undefined) await worker.writeHeap(join(heap, 'before.heapsnapshot'));
  say(`Before the first call: ${before.pssMb.toFixed(0)} MB.`);

  const growth: Growth[] = [];
  const onEnd = (number: number): void => {
    if ((number + 1) % GROWTH_EVERY !== 0) return;
    try {
      growth.push({ calls: number + 1, ...memoryOf(worker.pid) });
    } catch (error) {
      say((error as Error).message);
    }
  };
  const middle = Math.floor(calls / 2);
  const first = await makeCalls(line, { from: 0, to: middle, concurrency }, onEnd);
  const firstEnds = await endsOf(first, server);
  const half = await readIdle(worker);
  say(`After ${middle} calls: ${half.pssMb.toFixed(0)} MB.`);

  const second = await makeCalls(line, { from: middle, to: calls, concurrency }, onEnd);
  const secondEnds = await endsOf(second, server);
  const all = await readIdle(worker);
  say(`After ${calls} calls: ${all.pssMb.toFixed(0)} MB.`);

  await sleep(QUIET_MS);
  const idleAfter = await cpuPercent(worker.pid, QUIET_MS);
  say(`CPU without a call: ${idleBefore} % of a core before, ${idleAfter} % after.`);
  const quiet = await worker.read();
  if (heap !== undefined) await worker.writeHeap(join(heap, 'after.heapsnapshot'));

  const ends = [...firstEnds, ...secondEnds];
  const broken = [...first.broken, ...second.broken];
  const exit = await worker.close();
  const left = allProcesses()
    .filter(({ pid }) => quiet.children.some((child) => child.pid === pid))
    .map(({ pid, state }) => ({ pid, state }));
  const idleCpuPercent = { before: idleBefore, after: idleAfter };
  return {
    readings: { before, half, all, quiet },
    growth,
    idleCpuPercent,
    ends,
    broken,
    calls,
    exit,
    left,
  };
}

/** The CPU time that a process uses in the next `ms` milliseconds, in percent of a core. */
async function cpuPercent(pid: number, ms: number): Promise<number> {
  const [cpu, at] = [cpuSecondsOf(pid), performance.now()];
  await sleep(ms);
  const used = cpuSecondsOf(pid) - cpu;
  return Number(((100 * used * 1_000) / (performance.now() - at)).toFixed(2));
}

async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'openrtc-soak-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/**
 * Resolves when the server has recorded the end of all calls. No reading may be taken before that: it blocks the worker
 * for more than a second, which is longer than LiveKit waits for the final status of an agent that leaves.
 */
function endsOf({ jobs }: Calls, server: LiveKitServer): Promise<JobEnd[]> {
  return Promise.all(jobs.map((jobId) => server.jobEnded(jobId)));
}

/** A reading when there are no calls and the short-lived resources of the last ones are gone. */
async function readIdle(worker: SoakWorker): Promise<Reading> {
  const latest = Date.now() + IDLE_MS;
  for (;;) {
    const { activeSessions } = await worker.read();
    if (activeSessions === 0) break;
    if (Date.now() > latest) {
      throw new Error(
        `${activeSessions} calls were still active ${IDLE_MS / 1000} s after the last caller hung up.`,
      );
    }
    await sleep(POLL_MS);
  }
  await sleep(SETTLE_MS);
  return worker.read();
}
