import type { Call } from '@openrtc/core';
import { checkKeys, checkWhole, invalidOption } from '@openrtc/core/isolation';

/** Options of {@link processes}: how calls are distributed over child processes. */
export interface ProcessesOptions {
  /** Maximum number of concurrent calls in one process. Default: 1; then a process ends with its call. */
  sessionsPerProcess?: number;
  /**
   * Calls of different groups never share a process. The group is the tenant, the agent, or the value that the
   * function returns; the function must be synchronous. Default: no groups.
   */
  groupBy?: 'tenant' | 'agent' | ((call: Call) => string);
  /**
   * Maximum resident memory (RSS) of a process in MiB, at least 128; code and the SDK take about 110 of it. A process
   * that uses more is killed and its calls fail. Measured from outside, four times a second. Default: no limit.
   */
  memoryLimitMb?: number;
  /** Resident memory in MiB above which `onMemoryWarning` of observers is called, once per call. Default: none. */
  memoryWarnMb?: number;
  /**
   * Number of processes that are ready and wait for a call. Default: enough for the calls of the last 10 s, at least 1
   * and at most 4, and none while memory is short.
   */
  idleProcesses?: number;
  /** Time for a process to become ready, including prewarm, in milliseconds. Default: 60 000. */
  startTimeoutMs?: number;
  /**
   * Environment variables in addition to those of the worker, which are passed on except for `LIVEKIT_API_KEY`,
   * `LIVEKIT_API_SECRET`, `LIVEKIT_WORKER_TOKEN` and `OPENRTC_METADATA_SECRET`. Name these here to pass them on.
   * `undefined` removes a variable.
   */
  env?: Readonly<Record<string, string | undefined>>;
  /** Node flags for these processes. Default: those of the worker, without its inspector. */
  execArgv?: readonly string[];
  /** Path or URL of the module that a process runs; it must run the pool. Default: the entry of the worker. */
  entry?: string | URL;
}

/** {@link ProcessesOptions} with defaults. */
export interface ResolvedProcesses extends Omit<ProcessesOptions, 'groupBy'> {
  /** See {@link ProcessesOptions.sessionsPerProcess}. */
  readonly sessionsPerProcess: number;
  /** See {@link ProcessesOptions.startTimeoutMs}. */
  readonly startTimeoutMs: number;
  /** Returns the group of a call; undefined without groups. */
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

// Node and the SDK alone need almost as much: with a lower limit every process would be killed immediately.
const MIN_LIMIT_MB = 128;

const MAX_MB = 1_048_576;
const WHERE = 'processes()';

/**
 * Checks the options and fills in the defaults.
 * @throws OpenRtcError `CONFIG_INVALID_OPTION` with the name of the option, the allowed values, and the given one.
 */
export function resolveProcesses(options: ProcessesOptions): ResolvedProcesses {
  // A second name, because the check would widen the type of its argument.
  const given: unknown = options;
  checkKeys(WHERE, given, KNOWN);
  const { memoryLimitMb, memoryWarnMb, idleProcesses, groupBy, env, execArgv, entry } = options;
  const { sessionsPerProcess = 1, startTimeoutMs = 60_000 } = options;
  const whole = (key: string, value: unknown, min: number, max: number) =>
    checkWhole(WHERE, key, value, { min, max });
  whole('sessionsPerProcess', sessionsPerProcess, 1, 1_000);
  whole('startTimeoutMs', startTimeoutMs, 1_000, 600_000);
  whole('memoryLimitMb', memoryLimitMb, MIN_LIMIT_MB, MAX_MB);
  whole('memoryWarnMb', memoryWarnMb, 1, (memoryLimitMb ?? MAX_MB + 1) - 1);
  whole('idleProcesses', idleProcesses, 0, 1_000);
  checkExecArgv(execArgv);
  checkEnv(env);
  checkEntry(entry);
  return {
    ...options,
    // Copies: what the user changes in them later has no effect.
    ...(env === undefined ? {} : { env: { ...env } }),
    ...(execArgv === undefined ? {} : { execArgv: [...execArgv] }),
    sessionsPerProcess,
    startTimeoutMs,
    groupOf: groupOf(groupBy),
  };
}

function checkExecArgv(execArgv: unknown): void {
  const isList = Array.isArray(execArgv) && execArgv.every((flag) => typeof flag === 'string');
  if (execArgv !== undefined && !isList)
    throw invalidOption(
      WHERE,
      "execArgv must be an array of strings, such as ['--enable-source-maps']",
    );
}

function checkEnv(env: unknown): void {
  if (env === undefined) return;
  if (typeof env !== 'object' || env === null || Array.isArray(env) || env instanceof Map)
    throw invalidOption(WHERE, "env must be an object of strings, such as { MODE: 'test' }");
  for (const [name, value] of Object.entries(env))
    if (value !== undefined && typeof value !== 'string')
      throw invalidOption(WHERE, `env.${name} must be a string, got a ${typeof value}`);
}

function checkEntry(entry: unknown): void {
  const isPath = typeof entry === 'string' && entry.trim() !== '';
  if (entry !== undefined && !isPath && !(entry instanceof URL && entry.protocol === 'file:'))
    throw invalidOption(WHERE, "entry must be a path or a file: URL, such as './call-process.js'");
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
      throw invalidOption(
        WHERE,
        `groupBy must be 'tenant', 'agent' or a function, got ${String(groupBy)}`,
      );
  }
}
