import type { CallRow } from './call-row.js';

/** The fields that `top` can sort by. */
export const sortKeys = [
  'state',
  'duration',
  'cpu',
  'memory',
  'blocks',
  'agent',
  'tenant',
  'room',
] as const;

/** A field that `top` can sort by. */
export type SortKey = (typeof sortKeys)[number];

/** Which calls are shown, in which order. */
export interface Selection {
  readonly sort: SortKey;
  readonly reversed: boolean;
  /** See {@link selectCalls}. Empty: all calls. */
  readonly filter: string;
}

// Calls that need attention come first.
const STATES: readonly CallRow['state'][] = ['slow', 'unanswered', 'silent', 'joining', 'active'];

/** Sorted from the largest. Calls without the figure come last. */
const FIGURES: ReadonlyMap<string, (call: CallRow) => number> = new Map([
  ['state', ({ state }) => -STATES.indexOf(state)],
  ['duration', ({ durationMs }) => durationMs],
  ['cpu', ({ cpuPercent }) => cpuPercent ?? -1],
  ['memory', ({ memoryBytes }) => memoryBytes ?? -1],
  ['blocks', ({ blocks }) => blocks],
]);

/** Sorted from A to Z. */
const TEXTS: ReadonlyMap<string, (call: CallRow) => string> = new Map([
  ['agent', ({ agent }) => agent],
  ['tenant', ({ tenant }) => tenant],
  ['room', ({ room }) => room],
  ['state', ({ state }) => state],
  ['job', ({ jobId }) => jobId],
  ['process', ({ pid }) => String(pid ?? '')],
  ['worker', ({ workerPid }) => String(workerPid)],
]);

/**
 * The calls that match the filter, sorted. A call must contain every word of the filter, in upper or lower case.
 * `tenant:acme` searches one field (`agent`, `tenant`, `room`, `state`, `job`, `process`, `worker`).
 */
export function selectCalls(
  calls: readonly CallRow[],
  { sort, reversed, filter }: Selection,
): readonly CallRow[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const found = calls
    .filter((call) => words.every((word) => matches(call, word)))
    .toSorted((one, other) => compare(one, other, sort));
  return reversed ? found.toReversed() : found;
}

function matches(call: CallRow, word: string): boolean {
  const colon = word.indexOf(':');
  const field = TEXTS.get(word.slice(0, Math.max(0, colon)));
  if (field !== undefined)
    return field(call)
      .toLowerCase()
      .includes(word.slice(colon + 1));
  return [...TEXTS.values()].some((text) => text(call).toLowerCase().includes(word));
}

// Equal calls keep one order: the longest first, then by id.
function compare(one: CallRow, other: CallRow, sort: SortKey): number {
  return (
    compareBy(one, other, sort) ||
    other.durationMs - one.durationMs ||
    compareTexts(one.jobId, other.jobId)
  );
}

function compareBy(one: CallRow, other: CallRow, sort: SortKey): number {
  const figure = FIGURES.get(sort);
  if (figure !== undefined) return figure(other) - figure(one);
  const text = TEXTS.get(sort);
  return text === undefined ? 0 : compareTexts(text(one), text(other));
}

function compareTexts(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
