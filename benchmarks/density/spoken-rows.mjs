// The spoken workload: real sessions with VAD and turns in one process, without WebRTC.
import { readWav, speech } from '@openrtc/test-rig';
import { setTimeout as sleep } from 'node:timers/promises';
import { watchOthers } from '../src/machine.mjs';
import { PHASE_MS } from './audio/line.mjs';
import { memoryAtRest, memoryNow } from '../src/memory.mjs';
import { largestThatHolds } from './search.mjs';
import { withWorker } from './sessions-worker.mjs';

/** A row holds when it stays within these limits. */
export const limits = { loopUse: 0.7, lagP99Ms: 50 };
/** Precision of the search, as a share of the number. */
export const WITHIN = 0.1;
// With more use by other programs than this, a failed row is measured again.
const DISTURBED_CORES = 0.15;
// After this, turns that started before a change are over and new code is compiled.
const WARM_MS = PHASE_MS;
// The agents are in their rooms by then, so what remains takes milliseconds.
const LISTEN_MS = 30_000;
// Below this share of the number found, the row is reported as not holding.
const LEAST_OF_FOUND = 0.8;

/** Measures `sessions` in a new worker, `atOnce` of them with a caller on the line at any time. */
export async function talkingRow({ sessions, atOnce, measureMs, log }) {
  return withSessions(sessions, async (worker) => {
    const row = await talk(worker, { sessions, atOnce, measureMs, all: true });
    log(`  ${described(row)}`);
    return { ...row, ...(await untouched(worker)) };
  });
}

/** Finds how many of the `sessions` of a worker can have a caller on the line at once, and measures a whole round of it. */
export async function searchAtOnce({ sessions, first, most, measureMs, secondsLeft, log }) {
  return withSessions(sessions, async (worker) => {
    const probe = (atOnce) =>
      retriedIfDisturbed(async () => {
        const row = await talk(worker, { sessions, atOnce, measureMs });
        log(`  ${described(row)}`);
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

/** Measures until every session has had a turn, with fewer callers if the number found does not hold that long. */
async function wholeRound(worker, { sessions, atOnce, measureMs, log }) {
  for (let next = atOnce; ; next = Math.floor(next * (1 - WITHIN))) {
    const row = await talk(worker, { sessions, atOnce: next, measureMs, all: true });
    log(`  until all have had a turn: ${described(row)}`);
    if (row.holds || next < atOnce * LEAST_OF_FOUND) return row;
    await worker.question({ to: 'rest' });
  }
}

/** Finds the most sessions that can all have a caller on the line all the time; each number in a new worker. */
export async function searchRealTime({ first, most, measureMs, secondsLeft, log }) {
  const probe = (sessions) =>
    retriedIfDisturbed(() =>
      withSessions(sessions, async (worker) => {
        const row = await talk(worker, { sessions, atOnce: sessions, measureMs });
        log(`  ${described(row)}`);
        return row;
      }),
    );
  return largestThatHolds({ first, most, within: WITHIN, probe, ...until(secondsLeft) });
}

async function withSessions(sessions, measure) {
  return withWorker({ file: 'spoken.mjs' }, async (worker) => {
    const pcm = await readWav(speech.order.path);
    await worker.question({ to: 'setSpeech', pcm: Buffer.from(pcm.buffer).toString('base64') });
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
      throw new Error(`Only ${listening} of ${sessions} sessions have started to listen.`);
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

/** Memory that PSS does not count yet: its growth once every array buffer has been written to. */
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

/** Measures again when the row does not hold and other programs used the machine meanwhile. */
async function retriedIfDisturbed(measure) {
  const row = await measure();
  return row.holds || row.othersCores <= DISTURBED_CORES ? row : measure();
}

function until(secondsLeft) {
  const deadline = performance.now() + secondsLeft * 1_000;
  return { timeIsUp: () => performance.now() > deadline };
}

function described(row) {
  return [
    `${row.sessions} sessions, ${row.atOnce} at once: ${row.holds ? 'holds' : 'does not hold'}`,
    `loop ${row.loopUse}`,
    `lag p99 ${row.lagP99Ms} ms`,
    `turns ${row.turnsAnswered} of ${row.turnsDue}, p50 ${row.turnP50Ms} ms`,
    `PSS ${row.pssMb} MiB`,
    `others ${row.othersCores} cores`,
  ].join(', ');
}
