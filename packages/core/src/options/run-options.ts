import type { AudioDevices } from '../audio/local-audio.js';
import { checkBoolean, checkFunction, checkKeys, invalidOption } from '../base/option-checks.js';
import type { SessionInfo } from '../call/call.js';
import type { OperateOptions } from '../operate/operate-options.js';
import { operateKeys } from './check-operate-options.js';

/** Options of {@link AgentPool.run}. Those the pool takes as well win here. */
export interface RunOptions extends OperateOptions {
  /** Drains the pool when it aborts. Default: none. */
  signal?: AbortSignal;
  /**
   * Installs handlers for SIGTERM, SIGINT, uncaught exceptions and unhandled rejections for as long as
   * it runs, and has V8 collect garbage sooner, which halves the memory of a call. Default: true, for a process
   * that runs the pool and nothing else. Without the handlers an error in one call's timers ends the process.
   */
  processHandlers?: boolean;
  /**
   * Where `@openrtc/cli` is installed, `node main.js dev` is `openrtc dev` with this pool, and so for each of its
   * verbs. `false`: the pool ignores the arguments of the process. Default: true.
   */
  cli?: boolean;
  /**
   * A microphone and a speaker for each call in this process that comes over the embedded endpoint of
   * `@openrtc/core/testing`, which carries text only. Default: none; such calls are typed.
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
 * Checks the options of run() that are not about operating; those are checked with the pool's, see `operateOptions`.
 * @throws OpenRtcError `CONFIG_INVALID_OPTION`
 */
export function checkRunOptions(options: unknown): asserts options is RunOptions {
  const where = 'run()';
  checkKeys(where, options, KEYS);
  const { signal } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalidOption(where, 'signal must be an AbortSignal');
  checkBoolean(where, 'processHandlers', options['processHandlers']);
  checkBoolean(where, 'cli', options['cli']);
  checkFunction(where, 'audioDevices', options['audioDevices']);
}
