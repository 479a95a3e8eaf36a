/** After how long a blocked event loop has consequences, in milliseconds. `Infinity`: never. */
export interface WatchdogOptions {
  /** The block is logged and counted when it is over, with call, function and line if known. Default: 500. */
  slowMs?: number;
  /** The block is logged while it lasts, by a thread that is not blocked. Default: 5 000. */
  stuckMs?: number;
  /**
   * The process kills itself, so that its supervisor starts another one. Its calls are lost, as they would be anyway.
   * Not while other processes use the cores, and not while a debugger is attached. Default: 15 000.
   */
  killMs?: number;
}

/** {@link WatchdogOptions} with the defaults. */
export interface WatchdogLimits {
  /** See {@link WatchdogOptions.slowMs}. */
  readonly slowMs: number;
  /** See {@link WatchdogOptions.stuckMs}. */
  readonly stuckMs: number;
  /** See {@link WatchdogOptions.killMs}. */
  readonly killMs: number;
}

/** Fills in the defaults. */
export function watchdogLimits(options: WatchdogOptions = {}): WatchdogLimits {
  const { slowMs = 500, stuckMs = 5_000, killMs = 15_000 } = options;
  return { slowMs, stuckMs, killMs };
}
