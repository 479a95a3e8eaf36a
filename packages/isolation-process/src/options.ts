import { type Call, OpenRtcError } from '@openrtc/core';

/** How calls are spread over processes. Every option may be left out. */
export interface ProcessesOptions {
  /** Most calls at a time in one process. Default: 1, and then a process ends with its call. */
  sessionsPerProcess?: number;
  /**
   * Calls of one group share processes and never share one with another group's: by tenant, by agent, or by
   * what the function returns. It must not wait. Default: no groups.
   */
  groupBy?: 'tenant' | 'agent' | ((call: Call) => string);
  /**
   * A process that uses more (RSS, in MiB, about 110 of which is code and the SDK) is ended at once, and its
   * calls are recorded as failed. Looked at from outside, four times a second. Default: none.
   */
  memoryLimitMb?: number;
  /** A process that uses more makes one warning a call, see `onMemoryWarning` of observers. Default: none. */
  memoryWarnMb?: number;
  /**
   * Processes that wait ready, without a call. Default: as many as calls came in the last 10 s, at least 1
   * and at most 4, or none beyond the calls there are when memory is short.
   */
  idleProcesses?: number;
  /** Until a process must be ready for calls, in milliseconds; prewarm is part of it. Default: 60 000. */
  startTimeoutMs?: number;
  /**
   * Over the worker's own environment, which is passed on without `LIVEKIT_API_KEY`, `LIVEKIT_API_SECRET` and
   * `LIVEKIT_WORKER_TOKEN`: name them here to hand them over. `undefined` takes a variable away.
   */
  env?: Readonly<Record<string, string | undefined>>;
  /** Flags of Node for these processes. Default: the worker's own, without its inspector. */
  execArgv?: readonly string[];
  /** The module a process runs; it must run the pool. Default: the worker's own entry. */
  entry?: string | URL;
}

/** {@link ProcessesOptions} with their defaults. */
export interface ResolvedProcesses extends Omit<ProcessesOptions, 'groupBy'> {
  readonly sessionsPerProcess: number;
  readonly startTimeoutMs: number;
  readonly groupOf: ((call: Call) => string) | undefined;
}

const KNOWN = [
  'sessionsPerProcess',
  'groupBy',
  'memoryLimitMb',
  'memoryWarnMb',
  'idleProcesses',
  'startTimeoutMs',
  'env',
  'execArgv',
  'entry',
] as const satisfies readonly (keyof ProcessesOptions)[];

// Less than Node and the SDK need by themselves: every process would be ended at once.
const LEAST_LIMIT_MB = 128;

/** @throws OpenRtcError `CONFIG_INVALID_OPTION` naming the option, what it must be, and what it was. */
export function resolveProcesses(options: ProcessesOptions): ResolvedProcesses {
  for (const key of Object.keys(options)) {
    if (!(KNOWN as readonly string[]).includes(key))
      throw invalid(`has no option ${key}; it takes ${KNOWN.join(', ')}`);
  }
  const { memoryLimitMb, memoryWarnMb, idleProcesses, groupBy, env, execArgv, entry } = options;
  const sessionsPerProcess = whole('sessionsPerProcess', options.sessionsPerProcess ?? 1, 1, 1_000);
  const startTimeoutMs = whole('startTimeoutMs', options.startTimeoutMs ?? 60_000, 1_000, 600_000);
  if (memoryLimitMb !== undefined) whole('memoryLimitMb', memoryLimitMb, LEAST_LIMIT_MB, 1_048_576);
  if (memoryWarnMb !== undefined)
    whole('memoryWarnMb', memoryWarnMb, 1, (memoryLimitMb ?? 1_048_577) - 1);
  if (idleProcesses !== undefined) whole('idleProcesses', idleProcesses, 0, 1_000);
  if (execArgv !== undefined && !execArgv.every((flag) => typeof flag === 'string'))
    throw invalid('execArgv must be an array of strings');
  if (env !== undefined && (typeof env !== 'object' || env === null))
    throw invalid('env must be an object of strings');
  if (entry !== undefined && typeof entry !== 'string' && !(entry instanceof URL))
    throw invalid('entry must be a path or a URL');
  return { ...options, sessionsPerProcess, startTimeoutMs, groupOf: groupOf(groupBy) };
}

function groupOf(groupBy: ProcessesOptions['groupBy']): ResolvedProcesses['groupOf'] {
  switch (groupBy) {
    case undefined:
      return undefined;
    case 'tenant':
      return ({ tenant }) => tenant;
    case 'agent':
      return ({ agent }) => agent;
    default:
      if (typeof groupBy === 'function') return groupBy;
      throw invalid(`groupBy must be 'tenant', 'agent' or a function, got ${String(groupBy)}`);
  }
}

function whole(name: string, value: unknown, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most)
    return value;
  throw invalid(`${name} must be a whole number from ${least} to ${most}, got ${String(value)}`);
}

function invalid(what: string): OpenRtcError {
  return new OpenRtcError('CONFIG_INVALID_OPTION', `processes(): ${what}.`);
}
