import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { treeUsage } from './process-tree.mjs';
import { rounded } from './statistics.mjs';

const LOOK_MS = 700;
const STILL_SHARE = 0.004;
const STILL_MB = 1;
const PATIENCE_MS = 30_000;

/** RSS and PSS of a worker and its processes, in MiB, as of now. */
export function memoryNow(pid) {
  const { rssMb, pssMb, processes } = treeUsage(pid);
  return { rssMb: rounded(rssMb), pssMb: rounded(pssMb), processes };
}

/** The same once it stands still, and `holds` of it. */
export async function memoryAtRest(pid, { holds = () => true, what = 'rest' } = {}) {
  const deadline = performance.now() + PATIENCE_MS;
  for (let last = memoryNow(pid); ;) {
    await sleep(LOOK_MS);
    const now = memoryNow(pid);
    const still = Math.abs(now.pssMb - last.pssMb) < STILL_MB + STILL_SHARE * now.pssMb;
    if (still && holds(now)) return now;
    if (performance.now() > deadline)
      throw new Error(`The worker's memory did not come to ${what}: ${JSON.stringify(now)}`);
    last = now;
  }
}

/** What the machine can still give, in MiB. */
export function availableMb() {
  const text = readFileSync('/proc/meminfo', 'utf8');
  return Number(/^MemAvailable:\s+(\d+)/m.exec(text)?.[1] ?? 0) / 1024;
}
