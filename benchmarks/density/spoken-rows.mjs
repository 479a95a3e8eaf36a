// The spoken workload: real sessions with VAD and turns, alive in one process, without WebRTC.
import { readWav, speech } from '@openrtc/test-rig';
import { setTimeout as sleep } from 'node:timers/promises';
import { watchOthers } from '../src/machine.mjs';
import { PHASE_MS } from './audio/line.mjs';
import { memoryAtRest, memoryNow } from '../src/memory.mjs';
import { largestThatHolds } from './search.mjs';
import { withWorker } from './sessions-worker.mjs';

/** What a row must keep to hold. */
export const limits = { loopUse: 0.7, lagP99Ms: 50 };
/** The search is over when it knows the largest number to so much of it. */
export const WITHIN = 0.1;
// What else the machine did in the meantime can make a row fail.
const DISTURBED_CORES = 0.15;
// Turns begun before a change are over, and what is new has been compiled.
const WARM_MS = PHASE_MS;
// They are in their rooms by then; what is left takes milliseconds.
const LISTEN_MS = 30_000;
// Farther down it is not the same answer any more, and the row says that it does not hold.
const LEAST_OF_FOUND = 0.8;

/** `sessions` in a fresh worker, `atOnce` of them with a caller on the line at any time. */
export async function talkingRow({ sessions, atOnce, measureMs, log }) {
  return withSessions(sessions, async (worker) => {
    const row = await talk(worker, { sessions, atOnce, measureMs, all: true });
    log(`  ${inWords(row)}`);
    return { ...row, ...(await untouched(worker)) };
  });
}

/** `sessions` in one worker: how many of them can have a caller on the line at a time, and a whole round of that. */
export async function searchAtOnce({ sessions, first, most, measureMs, secondsLeft, log }) {
  return withSessions(sessions, async (worker) => {
    const probe = (atOnce) =>
      undisturbedly(async () => {
        const row = await talk(worker, { sessions, atOnce, measureMs });
        log(`  ${inWords(row)}`);
        if (!row.holds) await worker.question({ to: 'rest' });
        return row;
      });
    const found = await largestThatHolds({
      first,
      most,
      within: WITHIN,
      probe,
      ...until(secondsLeft),
    });
    if (found.best === undefined) return found;
    const whole = await wholeRound(worker, { sessions, atOnce: found.best.number, measureMs, log });
    return { ...found, whole, ...(await untouched(worker)) };
  });
}

/** What was found, until every session has had a turn: less of it where that does not hold for so long. */
async function wholeRound(worker, { sessions, atOnce, measureMs, log }) {
  for (let next = atOnce; ; next = Math.floor(next * (1 - WITHIN))) {
    const row = await talk(worker, { sessions, atOnce: next, measureMs, all: true });
    log(`  until all have had a turn: ${inWords(row)}`);
    if (row.holds || next < atOnce * LEAST_OF_FOUND) return row;
    await worker.question({ to: 'rest' });
  }
}

/** The most sessions that can all have a caller on the line all the time; each number in a fresh worker. */
export async function searchRealTime({ first, most, measureMs, secondsLeft, log }) {
  const probe = (sessions) =>
    undisturbedly(() =>
      withSessions(sessions, async (worker) => {
        const row = await talk(worker, { sessions, atOnce: sessions, measureMs });
        log(`  ${inWords(row)}`);
        return row;
      }),
    );
  return largestThatHolds({ first, most, within: WITHIN, probe, ...until(secondsLeft) });
}

async function withSessions(sessions, measure) {
  return withWorker({ file: 'spoken.mjs' }, async (worker) => {
    const pcm = await readWav(speech.order.path);
    await worker.question({ to: 'speak', pcm: Buffer.from(pcm.buffer).toString('base64') });
    await worker.place(sessions, { atOnce: 8 });
    await untilAllListen(worker, sessions);
    return measure(worker);
  });
}

async function untilAllListen(worker, sessions) {
  const deadline = performance.now() + LISTEN_MS;
  for (;;) {
    const listening = await worker.question({ to: 'count' });
    if (listening === sessions) return;
    if (performance.now() > deadline)
      throw new Error(`${listening} of ${sessions} sessions listen; the others never began to.`);
    await sleep(100);
  }
}

async function talk(worker, { sessions, atOnce, measureMs, all = false }) {
  await worker.question({ to: 'talk', atOnce });
  await sleep(WARM_MS);
  const others = watchOthers();
  const measured = await worker.question({ to: 'measure', ms: measureMs, all });
  const { rssMb, pssMb } = memoryNow(worker.pid);
  const row = { sessions, atOnce, ...measured, rssMb, pssMb, othersCores: others() };
  return { ...row, saturated: row.turnsAnswered < row.turnsDue, holds: keepsLimits(row) };
}

function keepsLimits({ loopUse, lagP99Ms, turnsDue, turnsAnswered }) {
  return (
    loopUse <= limits.loopUse &&
    lagP99Ms <= limits.lagP99Ms &&
    turnsDue > 0 &&
    turnsAnswered === turnsDue
  );
}

/** What PSS leaves out: how much more it is once every array buffer has been written to. */
async function untouched(worker) {
  await worker.question({ to: 'talk', atOnce: 0 });
  await worker.question({ to: 'rest' });
  const { buffers, mb } = await worker.question({ to: 'sweep' });
  const before = await memoryAtRest(worker.pid);
  await worker.question({ to: 'touch' });
  const after = await memoryAtRest(worker.pid);
  const untouchedMb = Math.max(0, Math.round((after.pssMb - before.pssMb) * 10) / 10);
  return { untouchedMb, arrayBuffers: { count: buffers, mb } };
}

/** Once more when the row does not hold and somebody else used the machine meanwhile. */
async function undisturbedly(measure) {
  const row = await measure();
  return row.holds || row.othersCores <= DISTURBED_CORES ? row : measure();
}

function until(secondsLeft) {
  const deadline = performance.now() + secondsLeft * 1_000;
  return { timeIsUp: () => performance.now() > deadline };
}

function inWords(row) {
  return [
    `${row.sessions} sessions, ${row.atOnce} at once: ${row.holds ? 'holds' : 'does not hold'}`,
    `loop ${row.loopUse}`,
    `lag p99 ${row.lagP99Ms} ms`,
    `turns ${row.turnsAnswered} of ${row.turnsDue}, p50 ${row.turnP50Ms} ms`,
    `PSS ${row.pssMb} MiB`,
    `others ${row.othersCores} cores`,
  ].join(', ');
}
