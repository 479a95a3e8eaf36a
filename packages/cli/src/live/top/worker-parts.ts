import type { MemoryState, WorkerReport } from '@openrtc/core/operate';

import { cellText } from '../cell-text.js';
import {
  bytesText,
  counted,
  durationText,
  millisText,
  orUnknown,
  percentText,
} from '../figures.js';
import type { Part } from '../line.js';
import type { WatchedWorker } from './watched-workers.js';

// A line has room for more than names.
const MOST_NAMES = 3;

/** One worker as one line, the most important parts first. */
export function workerParts(worker: WatchedWorker, nowMs: number): readonly Part[] {
  const { pid, state, report, problem, sinceMs } = worker;
  const name = `worker ${report?.worker.pid ?? pid}`;
  const entry = report === undefined ? '' : cellText(report.worker.entry);
  const since = durationText(nowMs - sinceMs);
  if (state === 'gone') return [{ text: `${name} is gone, ${since} ago`, style: 'error' }, entry];
  if (state === 'silent')
    return [
      { text: `${name} does not answer, for ${since}`, style: 'error' },
      entry,
      cellText(problem ?? ''),
    ];
  return [name, entry, ...(report === undefined ? [] : facts(report))];
}

function facts({ worker, snapshot, processes }: WorkerReport): readonly Part[] {
  const { activeSessions, reservedSessions, maxConcurrentSessions, notReady, livekit } = snapshot;
  const reserved = reservedSessions > 0 ? ` +${reservedSessions}` : '';
  return [
    `${activeSessions}${reserved}/${maxConcurrentSessions} calls`,
    snapshot.ready ? 'ready' : { text: cellText(notReady.join(', ')), style: 'warning' },
    `cpu ${orUnknown(worker.cpuPercent, percentText)}`,
    `mem ${bytesText(snapshot.residentSet.bytes)}`,
    // A worker of another version may not report it.
    ...(snapshot.memory ? [limitText(snapshot.memory)] : []),
    `lag ${orUnknown(snapshot.eventLoopLagMs, millisText)}`,
    cellText(snapshot.isolation),
    ...processParts(processes),
    `up ${durationText(snapshot.uptimeMs)}`,
    `failed ${snapshot.totalSessionFailures}`,
    ...breakerParts(snapshot),
    ...reloadParts(snapshot),
    ...(livekit.reconnects > 0 ? [counted(livekit.reconnects, 'reconnect')] : []),
  ];
}

/** `refuses acme/shop, globex`: tenants whose calls are not answered. */
function breakerParts(snapshot: WorkerReport['snapshot']): readonly Part[] {
  // A worker of another version may not report them.
  const all = [...(snapshot.breakers ?? [])].map(({ tenant, agent }) =>
    cellText(agent === null ? tenant : `${tenant}/${agent}`),
  );
  if (all.length === 0) return [];
  const more = all.length > MOST_NAMES ? `, ${all.length - MOST_NAMES} more` : '';
  return [{ text: `refuses ${all.slice(0, MOST_NAMES).join(', ')}${more}`, style: 'warning' }];
}

/** `code 3`, and how many reloads were refused or undone in a call. Nothing before the first reload. */
function reloadParts(snapshot: WorkerReport['snapshot']): readonly Part[] {
  const { codeGeneration } = snapshot;
  // A worker of another version may not report them.
  const { refused = 0, undone = 0 } = { ...snapshot.reloads };
  const bad = [
    ...(refused > 0 ? [`${counted(refused, 'reload')} refused`] : []),
    ...(undone > 0 ? [`new code undone in ${counted(undone, 'call')}`] : []),
  ];
  return [
    ...(codeGeneration > 0 ? [`code ${codeGeneration}`] : []),
    ...bad.map((text) => ({ text, style: 'warning' }) as const),
  ];
}

/** The memory that the worker may use with all its processes, and uses. */
function limitText({ usedBytes, limitBytes }: MemoryState): string {
  return `limit ${bytesText(usedBytes)} of ${bytesText(limitBytes)}`;
}

/** The processes for calls, including those kept ready for the next call. */
function processParts(processes: WorkerReport['processes']): readonly string[] {
  if (processes.length === 0) return [];
  const memory = processes.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  return [`${counted(processes.length, 'process', 'processes')} of ${bytesText(memory)}`];
}
