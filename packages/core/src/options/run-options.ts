import type { AudioDevices } from '../audio/local-audio.js';
import { checkBoolean, checkFunction, checkKeys, invalidOption } from '../base/option-checks.js';
import { checkAll } from '../base/all-faults.js';
import { isRecord, kindOf } from '../base/kind-of.js';
import type { SessionInfo } from '../call/call.js';
import type { OperateOptions } from '../operate/operate-options.js';
import { checkOperateOptions, operateKeys } from './check-operate-options.js';

/** Options of {@link AgentPool.run}. They take precedence over those of the pool. */
export interface RunOptions extends OperateOptions {
  /** A signal that drains the pool when it aborts. Default: none. */
  signal?: AbortSignal;
  /**
   * Whether run() handles SIGTERM, SIGINT, SIGHUP, SIGQUIT, uncaught exceptions and unhandled rejections while the pool
   * runs, and makes V8 collect garbage earlier, which halves the memory of a call. Default: true, for a process that
   * runs only the pool. Without the handlers an error in a timer of one call ends the process.
   */
  processHandlers?: boolean;
  /**
   * Whether `node main.js dev` runs `openrtc dev` with this pool, and so on for each verb of `@openrtc/cli`, if that is
   * installed. `false`: the pool ignores the arguments of the process. Default: true.
   */
  cli?: boolean;
  /**
   * Returns a microphone and a speaker for a call in this process over the embedded endpoint of
   * `@openrtc/core/testing`, which itself has only text. Default: none, so that such calls are text only.
   */
  audioDevices?: (call: SessionInfo) => AudioDevices;
}

const KEYS: readonly (keyof RunOptions)[] = [
  'signal',
  'processHandlers',
  'cli',
  'audioDevices',
  ...operateKeys,
];

/**
 * Checks the options before the run begins, so that the pool can run later when they cannot work.
 * @param where - the method that got them, for the error message
 * @throws OpenRtcError `CONFIG_INVALID_OPTION`
 */
export function checkRunOptions(
  where: 'run()' | 'connect()',
  options: unknown,
): asserts options is RunOptions {
  if (!isRecord(options)) return checkKeys(where, options, KEYS);
  const { signal } = options;
  checkAll([
    () => checkKeys(where, options, KEYS),
    () => checkSignal(where, signal),
    () => checkBoolean(where, 'processHandlers', options['processHandlers']),
    () => checkBoolean(where, 'cli', options['cli']),
    () => checkFunction(where, 'audioDevices', options['audioDevices']),
    () => checkOperateOptions(where, options),
  ]);
}

function checkSignal(where: string, signal: unknown): void {
  // By its methods: that of another realm, as test runners have them, or of a polyfill is as good.
  if (signal !== undefined && !isSignal(signal))
    throw invalidOption(
      where,
      `signal must be an AbortSignal, such as the signal of an AbortController, got ${kindOf(signal)}`,
    );
}

function isSignal(value: unknown): boolean {
  const { addEventListener, aborted } = Object(value) as Record<string, unknown>;
  return typeof addEventListener === 'function' && typeof aborted === 'boolean';
}
