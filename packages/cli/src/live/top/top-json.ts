import {
  type LoopBlock,
  type RuntimeSnapshot,
  type WorkerReport,
  placeText,
} from '@openrtc/core/operate';

import { type CallRow, callsOf, placeOf } from './call-row.js';
import { type Selection, selectCalls } from './select-calls.js';
import type { TopState, WatchedWorker } from './watched-workers.js';

/** The output of `top --json`; see schemas/top.schema.json. */
export interface TopJson {
  readonly schemaVersion: 1;
  readonly command: 'top';
  /** Unix time in milliseconds. */
  readonly takenAt: number;
  readonly workers: readonly WorkerJson[];
  /** The calls that match the filter, sorted. */
  readonly calls: readonly CallJson[];
  readonly problems: readonly string[];
}

interface WorkerJson {
  readonly pid: number;
  readonly state: 'live' | 'silent';
  /** Why it is `silent`, else null. */
  readonly problem: string | null;
  readonly facts: WorkerFacts | null;
}

/** The fields of a snapshot that are facts of its worker. */
const SNAPSHOT_FACTS = [
  'isolation',
  'ready',
  'notReady',
  'uptimeMs',
  'activeSessions',
  'reservedSessions',
  'maxConcurrentSessions',
  'totalSessionsStarted',
  'totalSessionFailures',
  'breakers',
  'codeGeneration',
  'reloads',
  'memory',
  'eventLoopLagMs',
] as const satisfies readonly (keyof RuntimeSnapshot)[];

type WorkerFacts = Pick<RuntimeSnapshot, (typeof SNAPSHOT_FACTS)[number]> &
  Pick<WorkerReport['worker'], 'entry' | 'version' | 'node' | 'cpuPercent'> & {
    readonly poolState: RuntimeSnapshot['state'];
    readonly residentBytes: number;
  };

type CallJson = Omit<CallRow, 'lastBlock'> & { readonly lastBlock: BlockJson | null };

interface BlockJson extends Pick<LoopBlock, 'startedAt' | 'durationMs' | 'cause'> {
  /** `myTool (tools.js:12)`; null when it is not known. */
  readonly place: string | null;
  readonly function: string | null;
  readonly file: string | null;
  readonly line: number | null;
}

/** The state as JSON for programs. */
export function topJson(state: TopState, selection: Selection): TopJson {
  return {
    schemaVersion: 1,
    command: 'top',
    takenAt: Date.now(),
    workers: state.workers.flatMap(workerOf),
    calls: selectCalls(callsOf(state.workers), selection).map((call) => ({
      ...call,
      lastBlock: call.lastBlock === null ? null : blockOf(call.lastBlock),
    })),
    problems: state.problems,
  };
}

function workerOf({ pid, state, report, problem }: WatchedWorker): readonly WorkerJson[] {
  if (state === 'gone') return [];
  const facts = report === undefined ? null : factsOf(report);
  return [{ pid: report?.worker.pid ?? pid, state, problem: problem ?? null, facts }];
}

function factsOf({ worker, snapshot }: WorkerReport): WorkerFacts {
  const { entry, version, node, cpuPercent } = worker;
  return {
    entry,
    version,
    node,
    cpuPercent,
    ...pick(snapshot, SNAPSHOT_FACTS),
    poolState: snapshot.state,
    residentBytes: snapshot.residentSet.bytes,
  };
}

function pick<From, Key extends keyof From>(from: From, keys: readonly Key[]): Pick<From, Key> {
  return Object.fromEntries(keys.map((key) => [key, from[key]])) as Pick<From, Key>;
}

function blockOf(block: LoopBlock): BlockJson {
  const place = placeOf(block);
  return {
    startedAt: block.startedAt,
    durationMs: block.durationMs,
    cause: block.cause,
    place: place === undefined ? null : placeText(place),
    function: place?.function ?? null,
    file: place?.file ?? null,
    line: place?.line ?? null,
  };
}
