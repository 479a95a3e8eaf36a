import { treeUsage } from './process-tree.mjs';
import { callOneByOne, round, settle, talkAll, turnFacts } from './talking.mjs';

/**
 * `calls` callers who speak, hear the answer, pause, and speak again, for `seconds`.
 * Memory and CPU are those of the worker's whole process tree while all of them talk.
 */
export async function measure({ server, callers, worker, calls, seconds, room }) {
  await settle(worker.pid);
  const idle = treeUsage(worker.pid);
  const inRoom = await callOneByOne({ server, callers, room }, calls);
  const talking = inRoom.map(({ caller }) => caller);
  const talked = await whileTalking({ worker, callers: talking, seconds });
  for (const caller of talking) await caller.hangUp();
  return {
    calls,
    seconds,
    idlePssMb: round(idle.pssMb),
    pssPerCallMb: round((talked.peakPssMb - idle.pssMb) / calls),
    joinMs: inRoom.map(({ joinMs }) => joinMs),
    ...talked,
  };
}

/** What a worker uses while all its callers talk, and how their turns went. */
export async function whileTalking({ worker, callers, seconds }) {
  const before = treeUsage(worker.pid);
  const startedAt = performance.now();
  let peak = before;
  const sampler = setInterval(() => {
    const now = treeUsage(worker.pid);
    if (now.pssMb > peak.pssMb) peak = now;
  }, 500);
  const turns = await talkAll(callers, seconds);
  clearInterval(sampler);
  const minutes = (performance.now() - startedAt) / 60_000;
  const after = treeUsage(worker.pid);
  return {
    peakPssMb: round(peak.pssMb),
    cpuSecondsPerCallMinute: round(
      (after.cpuSeconds - before.cpuSeconds) / minutes / callers.length,
    ),
    processes: peak.processes,
    ...turnFacts(turns),
  };
}
