import { readFileSync, readdirSync } from 'node:fs';

// Clock ticks per second of /proc/<pid>/stat: 100 on every Linux that Node runs on.
const TICKS = 100;

/** A process and its descendants as of now: PSS in MiB, CPU seconds, how many. Linux only. */
export function treeUsage(root) {
  let pssMb = 0;
  let cpuSeconds = 0;
  const pids = descendants(root);
  for (const pid of pids) {
    pssMb += pss(pid) / 1024;
    cpuSeconds += cpu(pid);
  }
  return { pssMb, cpuSeconds, processes: pids.length };
}

function descendants(root) {
  const children = new Map();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? read(`/proc/${name}/stat`) : '';
    const ppid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    if (stat !== '') children.set(ppid, [...(children.get(ppid) ?? []), Number(name)]);
  }
  const found = [root];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}

function pss(pid) {
  return Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
}

// Its own time and that of children it has waited for: a process that ended in the window counts.
function cpu(pid) {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks ?? 0), 0) / TICKS;
}

/** Empty for a process that is gone by now. */
function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(error.code)) return '';
    throw error;
  }
}
