import { TICKS, treeUsage } from '@openrtc/test-rig';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { rounded } from './statistics.mjs';

// A desktop or a CI agent uses about this much; more would affect the figures.
const QUIET_CORES = 0.1;
const DISTURBED_CORES = 0.15;
const QUIET_FOR_S = 30;
const TRIES = 3;

/** The machine, for reports. */
export const hardware = `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;

/** The machine of a run with real calls, for reports. */
export const machine = `${hardware}, callers and server on the same machine`;

/** Starts to measure what other programs use; the function it returns gives their average number of cores so far. */
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
 * Waits until the machine is quiet, then measures; measures again if other programs used the machine meanwhile. The
 * result includes how many cores they used.
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
      // Other programs may be the cause of a failed call, too.
      if (last()) throw error;
      console.log(error);
    }
    console.log(`disturbed: other programs used ${others()} cores; measuring again`);
  }
}

/** Waits until no other program uses the machine. */
export async function untilQuiet(seconds = QUIET_FOR_S) {
  for (let logged = false; ; logged = true) {
    const others = watchOthers();
    await sleep(seconds * 1_000);
    const cores = others();
    if (cores <= QUIET_CORES) return;
    if (!logged) console.log(`other programs use ${cores} cores: waiting for a quiet machine`);
  }
}

/** CPU time of the whole machine, including time that its host gave to other guests. */
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
