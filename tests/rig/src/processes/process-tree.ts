import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** Clock ticks per second in /proc: 100 on every Linux that Node runs on. */
export const TICKS = 100;

/** A process as `/proc` lists it. */
export interface ListedProcess {
  readonly pid: number;
  readonly ppid: number;
  /** `S` sleeping, `R` running, `T` stopped, `Z` ended but not yet collected by its parent. */
  readonly state: string;
  /** Its own CPU time and that of children it has waited for: a child that ended in between counts. */
  readonly cpuSeconds: number;
}

/** Memory of one process, in MiB. */
export interface ProcessMemory {
  /** Proportional set size: a page that n processes share counts as 1/n. */
  readonly pssMb: number;
  readonly rssMb: number;
  /** Pages that belong to no file. */
  readonly anonMb: number;
  /** The part of PSS that belongs to no file: other processes with the same libraries do not change it. */
  readonly pssAnonMb: number;
}

/** What a process and its descendants use. */
export interface TreeUsage {
  readonly pssMb: number;
  readonly rssMb: number;
  readonly cpuSeconds: number;
  readonly processes: number;
}

/** Every process of this machine. Linux only, as everything in this file. */
export function allProcesses(): ListedProcess[] {
  return readdirSync('/proc').flatMap((name) =>
    /^\d+$/.test(name) ? (parse(Number(name)) ?? []) : [],
  );
}

/** What a process and its descendants use at this moment. */
export function treeUsage(root: number): TreeUsage {
  const all = tree(root);
  const memory = all.flatMap(({ pid }) => memoryOf(pid) ?? []);
  return {
    pssMb: sum(memory.map(({ pssMb }) => pssMb)),
    rssMb: sum(memory.map(({ rssMb }) => rssMb)),
    cpuSeconds: sum(all.map(({ cpuSeconds }) => cpuSeconds)),
    processes: all.length,
  };
}

/** Ids of a process and its descendants. */
export function treePids(root: number): number[] {
  return tree(root).map(({ pid }) => pid);
}

/** Whether a process runs; a zombie does not. */
export function isRunning(pid: number): boolean {
  return (parse(pid)?.state ?? 'Z') !== 'Z';
}

/** The Node processes among the descendants of a worker: those it has started for calls. */
export function nodeChildren(root: number): ListedProcess[] {
  return tree(root).filter(({ pid }) => pid !== root && isNode(pid));
}

/** The command of a process with its arguments, or the title it has given itself. */
export function commandLineOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
}

/** Memory of one process; undefined where it cannot be read. */
export function memoryOf(pid: number): ProcessMemory | undefined {
  const text = read(`/proc/${pid}/smaps_rollup`);
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0) / 1024;
  if (text === '') return undefined;
  return {
    pssMb: field('Pss'),
    rssMb: field('Rss'),
    anonMb: field('Anonymous'),
    pssAnonMb: field('Pss_Anon'),
  };
}

/** CPU seconds of the main thread, and of the other threads by name. */
export function threadSeconds(pid: number): { main: number; byName: Map<string, number> } {
  const byName = new Map<string, number>();
  let main = 0;
  for (const tid of unlessGone(() => readdirSync(`/proc/${pid}/task`)) ?? []) {
    const stat = read(`/proc/${pid}/task/${tid}/stat`);
    if (stat === '') continue;
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const seconds = sum(statFields(stat).slice(11, 13).map(Number)) / TICKS;
    if (Number(tid) === pid) main = seconds;
    else byName.set(name, (byName.get(name) ?? 0) + seconds);
  }
  return { main, byName };
}

/** See {@link ListedProcess.cpuSeconds}; 0 for a process that is gone. */
export function cpuSecondsOf(pid: number): number {
  return parse(pid)?.cpuSeconds ?? 0;
}

function tree(root: number): ListedProcess[] {
  const all = allProcesses();
  const found = all.filter(({ pid }) => pid === root);
  for (const parent of found) found.push(...all.filter(({ ppid }) => ppid === parent.pid));
  return found;
}

function parse(pid: number): ListedProcess | undefined {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === '') return undefined;
  const fields = statFields(stat);
  const ticks = fields.slice(11, 15).map(Number);
  const [state = '', ppid] = fields;
  return { pid, ppid: Number(ppid), state, cpuSeconds: sum(ticks) / TICKS };
}

/** From the state on: the name before it can contain anything, even brackets. */
function statFields(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function isNode(pid: number): boolean {
  return unlessGone(() => readlinkSync(`/proc/${pid}/exe`)) === process.execPath;
}

function read(path: string): string {
  return unlessGone(() => readFileSync(path, 'utf8')) ?? '';
}

function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
