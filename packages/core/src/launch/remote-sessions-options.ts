import type { OpenRtcError } from '../base/errors.js';
import type { Channel } from './channel.js';
import type { IsolationHost } from './isolation-strategy.js';

/** Options of `RemoteSessions`. */
export interface RemoteSessionsOptions {
  /** The host that the strategy was opened with. */
  readonly host: IsolationHost;
  /** The channel to the process that runs the calls. */
  readonly channel: Channel;
  /** How long the other end may leave pings unanswered before it counts as stuck, in milliseconds. Default: 6 000. */
  readonly stuckAfterMs?: number;
  /**
   * How long the other end has waited for a CPU so far, in milliseconds, such as `() => cpuWaitMs(pid)`. This time does
   * not count as silence: on a busy machine a healthy process is not taken for a stuck one. Default: unknown.
   */
  readonly cpuWaitMs?: () => number | undefined;
  /**
   * Called when the other end no longer answers. End its process, then call `fail()` with `error`.
   * Default: only `fail` is called.
   */
  readonly onStuck?: (error: OpenRtcError) => void;
  /** Called for an error that no call can be blamed for. Give the other end no more calls. */
  readonly onTainted?: (error: Error) => void;
  /**
   * Called when a call has not ended by the deadline of its hang-up. Its promise has been rejected, but the call may
   * still run at the other end.
   */
  readonly onOverdue?: (jobId: string) => void;
}
