import { treeUsage } from './process-tree.mjs';
import { rounded } from './statistics.mjs';
import { talkAll, turnFacts } from './talking.mjs';

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
    peakPssMb: rounded(peak.pssMb),
    cpuSecondsPerCallMinute: rounded(
      (after.cpuSeconds - before.cpuSeconds) / minutes / callers.length,
    ),
    processes: peak.processes,
    ...turnFacts(turns),
  };
}
