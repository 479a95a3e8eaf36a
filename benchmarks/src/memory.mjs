import { treeUsage } from '@openrtc/test-rig';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { rounded } from './statistics.mjs';

const LOOK_MS = 700;
const STILL_SHARE = 0.004;
const STILL_MB = 1;
const PATIENCE_MS = 30_000;

/** RSS and PSS of a worker and its processes at this moment, in MiB. */
export function memoryNow(pid) {
  const { rssMb, pssMb, processes } = treeUsage(pid);
  return { rssMb: rounded(rssMb), pssMb: rounded(pssMb), processes };
}

/** The same once memory no longer changes and `holds` is true of it. */
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

/** Waits until a worker's processes have started and their memory no longer changes. */
export async function settle(pid) {
  for (let last = -1; ;) {
    await sleep(2_000);
    const { pssMb } = treeUsage(pid);
    if (Math.abs(pssMb - last) < 1) return;
    last = pssMb;
  }
}

/** Runs `work` and looks at a worker every `everyMs`: the usage with the highest PSS. `work` may ask for a look. */
export async function withPeak(pid, everyMs, work) {
  let peak = treeUsage(pid);
  const look = () => {
    const now = treeUsage(pid);
    if (now.pssMb > peak.pssMb) peak = now;
  };
  const sampler = setInterval(look, everyMs);
  try {
    const result = await work(look);
    return { peak, result };
  } finally {
    clearInterval(sampler);
  }
}

/** Memory that the machine has left, in MiB. */
export function availableMb() {
  const text = readFileSync('/proc/meminfo', 'utf8');
  return Number(/^MemAvailable:\s+(\d+)/m.exec(text)?.[1] ?? 0) / 1024;
}
