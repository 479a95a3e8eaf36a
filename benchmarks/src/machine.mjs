import { TICKS, treeUsage } from '@openrtc/test-rig';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { rounded } from './statistics.mjs';

// What a desktop or a CI agent does beside it; more than that shows in the figures.
const QUIET_CORES = 0.1;
const DISTURBED_CORES = 0.15;
const QUIET_FOR_S = 30;
const TRIES = 3;

/** The machine, as a report says. */
export const hardware = `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;

/** On what a run with real calls was made. */
export const machine = `${hardware}, callers and server on the same machine`;

/** From now on: how many cores everything has used that this run did not start. */
export function watchOthers() {
  const read = () => ({ at: performance.now(), cpuSeconds: busySeconds() - ownSeconds() });
  const from = read();
  return () => {
    const now = read();
    const seconds = (now.at - from.at) / 1_000;
    return rounded(Math.max(0, now.cpuSeconds - from.cpuSeconds) / seconds, 2);
  };
}

/**
 * Measures while nobody else uses the machine: waits for that first, and measures again when somebody came.
 * What comes back says how many cores the others used.
 */
export async function undisturbed(
  measure,
  { quick = false, quietForS = QUIET_FOR_S, mostTries = TRIES } = {},
) {
  for (let tries = 1; ; tries += 1) {
    if (!quick) await untilQuiet(quietForS);
    const others = watchOthers();
    const last = () => quick || tries === mostTries || others() <= DISTURBED_CORES;
    try {
      const measured = { ...(await measure()), othersCores: others() };
      if (last()) return measured;
    } catch (error) {
      // A call that did not come up may be their doing too.
      if (last()) throw error;
      console.log(error);
    }
    console.log(`disturbed: others used ${others()} cores; once more`);
  }
}

/** Waits until nobody else uses the machine. */
export async function untilQuiet(seconds = QUIET_FOR_S) {
  for (let told = false; ; told = true) {
    const others = watchOthers();
    await sleep(seconds * 1_000);
    const cores = others();
    if (cores <= QUIET_CORES) return;
    if (!told) console.log(`others use ${cores} cores: waiting for a quiet machine`);
  }
}

/** CPU time of the whole machine, and what its host took from it. */
function busySeconds() {
  const [user, nice, system, , , irq, softirq, steal] = readFileSync('/proc/stat', 'utf8')
    .split('\n', 1)[0]
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq + steal) / TICKS;
}

function ownSeconds() {
  return treeUsage(process.pid).cpuSeconds;
}

/** The version of an installed package. Read from its folder: not every package exports its package.json. */
export function versionOf(name) {
  const manifest = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(manifest, 'utf8')).version;
}

/** The commit of this repository that runs, and whether its packages have changes; undefined without git. */
export function commit() {
  const git = (...args) =>
    execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' });
  try {
    const changed = git('status', '--porcelain', '--', '../../packages').trim() !== '';
    return `${git('rev-parse', '--short', 'HEAD').trim()}${changed ? ' and changes' : ''}`;
  } catch (error) {
    if (error.code === 'ENOENT' || error.status === 128) return undefined;
    throw error;
  }
}
