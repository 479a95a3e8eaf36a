import type { JobEnd } from '@openrtc/test-rig';

import type { BrokenCall } from './make-calls.js';
import { type Child, type Memory, type Reading, total } from './reading.js';

/** The readings of a run. */
export interface Readings {
  readonly before: Reading;
  readonly half: Reading;
  readonly all: Reading;
  /** After some time without calls, when native threads and sockets have ended. */
  readonly quiet: Reading;
}

/** Memory at the end of a call, while others continue. */
export interface Growth extends Memory {
  readonly calls: number;
}

/** Everything that a run has observed. */
export interface Observed {
  readonly readings: Readings;
  /** Memory during the calls, to tell steady growth from a plateau. */
  readonly growth: readonly Growth[];
  /** CPU time of the worker without a call, in percent of a core. Not checked: other programs change it. */
  readonly idleCpuPercent: { readonly before: number; readonly after: number };
  /** The end of each call, from the server's log. */
  readonly ends: readonly JobEnd[];
  /** Calls that failed for their callers. */
  readonly broken: readonly BrokenCall[];
  /** Number of calls. */
  readonly calls: number;
  /** How the worker ended when it was told to: `code 0`, or the signal that killed it. */
  readonly exit: string;
  /** Processes started by the worker that still existed after its end. */
  readonly left: readonly Child[];
}

/** A promise and whether it was kept. */
export interface Check {
  readonly promise: string;
  readonly kept: boolean;
  /** The finding, which names the leak if there is one. */
  readonly found: string;
}

const FILES_WITHIN = 5;
const MEMORY_RATIO = 1.1;
// More idle processes are kept while calls arrive in quick succession.
const CHILDREN_WITHIN = 3;
// What a process keeps of its first or last call is not a leak; what grows is.
const OBJECTS_KEPT = 4;

/** Compares a run with what OpenRTC promises for a worker that has had many calls. */
export function checkPromises({ readings, ends, broken, calls, exit, left }: Observed): Check[] {
  const { before, half, all, quiet } = readings;
  const ratio = all.pssMb / half.pssMb;
  const succeeded = ends.filter(({ status }) => status === 'JS_SUCCESS').length;
  const failed = ends.filter(({ status }) => status !== 'JS_SUCCESS');
  return [
    same('event listeners of the native client', {
      before: { ffi_event: before.ffiListeners },
      after: { ffi_event: quiet.ffiListeners },
    }),
    same('listeners of process', {
      before: before.processListeners,
      after: quiet.processListeners,
    }),
    same('timers', { before: timers(before), after: timers(quiet) }),
    {
      promise: `open files within ${FILES_WITHIN} of those before the first call`,
      kept: Math.abs(total(quiet.files) - total(before.files)) <= FILES_WITHIN,
      found: changes(before.files, quiet.files),
    },
    {
      promise: `memory (PSS) after all calls at most ${MEMORY_RATIO.toFixed(2)} times that after half of them`,
      kept: ratio <= MEMORY_RATIO,
      found: `${half.pssMb.toFixed(1)} MB, then ${all.pssMb.toFixed(1)} MB: ${ratio.toFixed(3)} times`,
    },
    {
      promise: `objects of at most ${OBJECTS_KEPT} ended calls still in memory`,
      kept: Object.values(quiet.objects).every((count) => count <= OBJECTS_KEPT),
      found: changes(before.objects, quiet.objects),
    },
    {
      promise: 'no session folder left behind',
      kept: quiet.sessionFolders === 0,
      found: `${quiet.sessionFolders} left`,
    },
    {
      promise: `no zombie process, and at most ${CHILDREN_WITHIN} more processes than before`,
      kept:
        [half, all, quiet].every(({ children }) => children.every(({ state }) => state !== 'Z')) &&
        quiet.children.length <= before.children.length + CHILDREN_WITHIN,
      found: `${before.children.length} → ${half.children.length} → ${all.children.length} → ${quiet.children.length}; zombies: ${zombies(quiet)}`,
    },
    {
      promise: 'the worker exits by itself when it is told to',
      kept: exit === 'code 0',
      found: exit,
    },
    {
      promise: 'no process left behind by the worker',
      kept: left.length === 0,
      found: `${left.length} left`,
    },
    {
      promise: 'every call ended well for its caller',
      kept: broken.length === 0,
      found:
        broken.length === 0
          ? `${calls} of ${calls}`
          : broken.map(({ room, error }) => `${room}: ${error}`).join('; '),
    },
    {
      promise: 'every call recorded as JS_SUCCESS by the server',
      kept: succeeded === calls,
      found: [
        `${succeeded} of ${calls}`,
        ...failed.map(({ jobId, status, error }) => `${jobId} ${status} ${error}`.trim()),
      ].join('; '),
    },
  ];
}

function zombies({ children }: Reading): number {
  return children.filter(({ state }) => state === 'Z').length;
}

function timers({ resources }: Reading): Record<string, number> {
  return { Timeout: resources['Timeout'] ?? 0, Immediate: resources['Immediate'] ?? 0 };
}

type Counts = Readonly<Record<string, number>>;

function same(what: string, { before, after }: { before: Counts; after: Counts }): Check {
  const found = changes(before, after);
  return { promise: `${what} as before the first call`, kept: found === NO_CHANGE, found };
}

const NO_CHANGE = 'no change';

function changes(before: Counts, after: Counts): string {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = names.filter((name) => (before[name] ?? 0) !== (after[name] ?? 0));
  if (changed.length === 0) return NO_CHANGE;
  return changed.map((name) => `${name} ${before[name] ?? 0} → ${after[name] ?? 0}`).join(', ');
}
