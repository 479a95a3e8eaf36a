// The stub workload: sessions of 5 MiB through the real pool and strategy, held until the last one is up.
import { commandLineOf, memoryOf, nodeChildren, treePids } from '@openrtc/test-rig';
import { setTimeout as sleep } from 'node:timers/promises';
import { availableMb, memoryAtRest } from '../src/memory.mjs';
import { withWorker } from './sessions-worker.mjs';

/** The memory a session holds, the same as in the test of OpenRTC for Python. */
export const SESSION_MB = 5;
const LEFT_TO_THE_MACHINE_MB = 2_048;
const HANG_UP_MS = 30_000;

/** Measures `sessions` in the process of a new worker, first with unwritten memory. */
export function coroutineRow(sessions) {
  return withWorker({ file: 'stub.mjs', args: ['coroutine'] }, async (worker) => {
    const startedAt = performance.now();
    await worker.place(sessions, { atOnce: 8 });
    const placedSeconds = seconds(startedAt);
    const allocated = await memoryAtRest(worker.pid);
    return {
      sessions,
      placedSeconds,
      allocated,
      touched: await touch(worker, sessions),
    };
  });
}

/**
 * Measures one process per call at several numbers of calls in one worker. On the way up memory is unwritten; then all
 * of it is written to; on the way down callers hang up and their processes end. Every session has a new process in
 * both directions. Stops where memory or `secondsLeft` run out.
 */
export function processRows(levels, { secondsLeft, log }) {
  return withWorker({ file: 'stub.mjs', args: ['process'] }, async (worker) => {
    const base = await memoryAtRest(worker.pid);
    // The worker has one idle process by now, which takes the first call.
    const { rssMb, pssMb } = memoryOf(worker.pid);
    const rows = [{ sessions: 0, allocated: base, touched: base, alone: { rssMb, pssMb } }];
    const startedAt = performance.now();
    for (const sessions of levels) {
      const why = cannotReach(sessions, { rows, startedAt, secondsLeft });
      if (why !== undefined) {
        log(`  processes: stopped before ${sessions}: ${why}`);
        break;
      }
      await worker.place(sessions, { atOnce: 3 });
      const placedSeconds = seconds(startedAt);
      rows.push({ sessions, placedSeconds, allocated: await memoryAtRest(worker.pid) });
      log(`  processes: ${sessions} up after ${placedSeconds} s`);
    }
    const top = rows.at(-1);
    if (top.touched === undefined) top.touched = await touch(worker, top.sessions);
    for (const row of rows.slice(1, -1).toReversed()) {
      worker.hangUp(row.sessions);
      await untilProcesses(worker.pid, row.sessions);
      row.touched = await memoryAtRest(worker.pid);
    }
    return { rows };
  });
}

function cannotReach(sessions, { rows, startedAt, secondsLeft }) {
  const last = rows.at(-1);
  if (last.sessions === 0) return undefined;
  const more = sessions - last.sessions;
  const eachMb = last.allocated.pssMb / last.sessions;
  const neededMb = more * eachMb + sessions * SESSION_MB + LEFT_TO_THE_MACHINE_MB;
  if (neededMb > availableMb()) return `it needs ${Math.round(neededMb)} MiB of memory`;
  const neededSeconds = (more * last.placedSeconds) / last.sessions;
  if (neededSeconds > secondsLeft - seconds(startedAt)) return 'no time is left for it';
  return undefined;
}

// The processes report what they have written to. Their memory does not show it, because V8 and the system may free as
// much of idle processes in the meantime.
async function touch(worker, sessions) {
  worker.signal('SIGUSR2');
  return memoryAtRest(worker.pid, {
    holds: () => touchedMb(worker.pid) === SESSION_MB * sessions,
    what: `rest with the memory of all sessions written: ${SESSION_MB * sessions} MiB`,
  });
}

function touchedMb(pid) {
  return treePids(pid)
    .map((each) => Number(/^touched (\d+)/.exec(commandLineOf(each))?.[1] ?? 0) / 2 ** 20)
    .reduce((total, mb) => total + mb, 0);
}

async function untilProcesses(pid, count) {
  const deadline = performance.now() + HANG_UP_MS;
  while (nodeChildren(pid).length !== count) {
    if (performance.now() > deadline)
      throw new Error(
        `Waited for ${count} processes of calls, but there are still ${nodeChildren(pid).length}.`,
      );
    await sleep(200);
  }
}

function seconds(since) {
  return Math.round((performance.now() - since) / 100) / 10;
}
