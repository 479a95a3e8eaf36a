import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** Clock ticks per second in /proc: 100 on every Linux that Node runs on. */
export const TICKS = 100;

/** A process and its descendants as of now: PSS and RSS in MiB, CPU seconds, how many. Linux only. */
export function treeUsage(root) {
  const all = tree(root);
  const memory = all.map(({ pid }) => memoryOf(pid));
  return {
    pssMb: sum(memory, ({ pssMb }) => pssMb),
    rssMb: sum(memory, ({ rssMb }) => rssMb),
    cpuSeconds: sum(all, ({ cpuSeconds }) => cpuSeconds),
    processes: all.length,
  };
}

/** Ids of a process and its descendants as of now. */
export function treePids(root) {
  return tree(root).map(({ pid }) => pid);
}

/** Whether a process is there; one that has ended and that nobody asked about is not. */
export function isRunning(pid) {
  const stat = read(`/proc/${pid}/stat`);
  return stat !== '' && statFields(stat)[0] !== 'Z';
}

/** The Node processes a worker has started for calls, with the CPU time of each. */
export function nodeChildren(root) {
  return tree(root).filter(({ pid }) => pid !== root && isNode(pid));
}

/** What `ps` shows of a process: its command and arguments, or the title it has given itself. */
export function commandLineOf(pid) {
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
}

/** Of one process, in MiB: PSS, RSS, and what is its own alone whoever else runs the same files. */
export function memoryOf(pid) {
  const text = read(`/proc/${pid}/smaps_rollup`);
  const field = (name) =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0) / 1024;
  return { pssMb: field('Pss'), rssMb: field('Rss'), anonMb: field('Anonymous') };
}

/** CPU seconds of the main thread, and of the others by their names. */
export function threadSeconds(pid) {
  const byName = new Map();
  let main = 0;
  for (const tid of unlessGone(() => readdirSync(`/proc/${pid}/task`)) ?? []) {
    const stat = read(`/proc/${pid}/task/${tid}/stat`);
    if (stat === '') continue;
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const seconds = sum(statFields(stat).slice(11, 13).map(Number), (each) => each) / TICKS;
    if (Number(tid) === pid) main = seconds;
    else byName.set(name, (byName.get(name) ?? 0) + seconds);
  }
  return { main, byName };
}

/** Its own CPU time and that of children it has waited for: a process that ended in the window counts. */
export function cpuSecondsOf(pid) {
  return parse(pid)?.cpuSeconds ?? 0;
}

function tree(root) {
  const all = new Map();
  const children = new Map();
  for (const name of readdirSync('/proc')) {
    const one = /^\d+$/.test(name) ? parse(Number(name)) : undefined;
    if (one === undefined) continue;
    all.set(one.pid, one);
    children.set(one.ppid, [...(children.get(one.ppid) ?? []), one.pid]);
  }
  const found = all.has(root) ? [root] : [];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found.map((pid) => all.get(pid));
}

function parse(pid) {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === '') return undefined;
  const fields = statFields(stat);
  const ticks = fields.slice(11, 15).map(Number);
  return { pid, ppid: Number(fields[1]), cpuSeconds: sum(ticks, (each) => each) / TICKS };
}

/** From the state on: the name before it may hold anything, brackets too. */
function statFields(stat) {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function isNode(pid) {
  return unlessGone(() => readlinkSync(`/proc/${pid}/exe`)) === process.execPath;
}

function read(path) {
  return unlessGone(() => readFileSync(path, 'utf8')) ?? '';
}

function unlessGone(look) {
  try {
    return look();
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(error.code)) return undefined;
    throw error;
  }
}

function sum(values, of) {
  return values.reduce((total, value) => total + of(value), 0);
}
