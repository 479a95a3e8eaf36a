import { setTimeout as sleep } from 'node:timers/promises';
import { treeUsage } from './process-tree.mjs';

/**
 * `calls` callers who speak, hear the answer, pause, and speak again, for `seconds`.
 * Memory and CPU are those of the worker's whole process tree while all of them talk.
 */
export async function measure({ server, callers, worker, calls, seconds, room }) {
  await settle(worker.pid);
  const idle = treeUsage(worker.pid);
  const joins = [];
  const inRoom = [];
  for (let index = 0; index < calls; index += 1) {
    const name = `${room}-${index}`;
    const startedAt = Date.now();
    const caller = await callers.join({
      url: server.url,
      token: await server.createToken('caller', name),
    });
    const heard = await caller.waitForAudio({ fromJoin: true, minMs: 200, timeoutMs: 60_000 });
    joins.push(Math.round(heard.startedAtMs - startedAt));
    inRoom.push(caller);
  }
  const before = treeUsage(worker.pid);
  const startedAt = performance.now();
  const deadline = startedAt + seconds * 1_000;
  let peak = before;
  const sampler = setInterval(() => {
    const now = treeUsage(worker.pid);
    if (now.pssMb > peak.pssMb) peak = now;
  }, 500);
  const turns = (await Promise.all(inRoom.map((caller) => talk(caller, deadline)))).flat();
  clearInterval(sampler);
  const minutes = (performance.now() - startedAt) / 60_000;
  const after = treeUsage(worker.pid);
  for (const caller of inRoom) await caller.hangUp();
  const answered = turns.filter((turn) => turn !== undefined);
  return {
    calls,
    seconds,
    idlePssMb: round(idle.pssMb),
    peakPssMb: round(peak.pssMb),
    pssPerCallMb: round((peak.pssMb - idle.pssMb) / calls),
    cpuSecondsPerCallMinute: round((after.cpuSeconds - before.cpuSeconds) / minutes / calls),
    processes: peak.processes,
    joinMs: joins,
    turns: answered.length,
    turnsMissed: turns.length - answered.length,
    turnMsP50: Math.round(percentile(answered, 0.5)),
    turnMsP95: Math.round(percentile(answered, 0.95)),
  };
}

/** One caller's turns: milliseconds from its last word to the answer's first sound; undefined for none in 10 s. */
async function talk(caller, deadline) {
  const turns = [];
  while (performance.now() < deadline) {
    const { endedAtMs } = await caller.speak('order');
    try {
      const { startedAtMs } = await caller.waitForAudio({ minMs: 200, timeoutMs: 10_000 });
      turns.push(startedAtMs - endedAtMs);
    } catch (error) {
      if (!/Waited|heard|ms/.test(error.message)) throw error;
      turns.push(undefined);
    }
    // The answer's rest, and a breath.
    await sleep(3_000);
  }
  return turns;
}

/** Waits until the worker's processes have started and their memory stands still. */
async function settle(pid) {
  for (let last = -1; ;) {
    await sleep(2_000);
    const { pssMb } = treeUsage(pid);
    if (Math.abs(pssMb - last) < 1) return;
    last = pssMb;
  }
}

function percentile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? null;
}

function round(value) {
  return Math.round(value * 10) / 10;
}
