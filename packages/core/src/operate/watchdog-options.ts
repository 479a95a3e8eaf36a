/** From when on a blocked event loop is somebody's business. `Infinity`: never. */
export interface WatchdogOptions {
  /** It is logged and counted, with the call, the function and the line where they are known. Default: 500. */
  slowMs?: number;
  /** It is logged while it lasts, by a thread that is not blocked. Default: 5 000. */
  stuckMs?: number;
  /**
   * The process kills itself, so that whoever supervises it starts another: its calls are lost, and would be
   * anyhow. Not while others have the cores, and not while a debugger is attached. Default: 15 000.
   */
  killMs?: number;
}

/** {@link WatchdogOptions} with the defaults. */
export interface WatchdogLimits {
  readonly slowMs: number;
  readonly stuckMs: number;
  readonly killMs: number;
}

/** Fills in the defaults. */
export function watchdogLimits(options: WatchdogOptions = {}): WatchdogLimits {
  const { slowMs = 500, stuckMs = 5_000, killMs = 15_000 } = options;
  return { slowMs, stuckMs, killMs };
}
