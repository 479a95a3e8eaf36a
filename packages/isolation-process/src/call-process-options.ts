import type { CodeChange, IsolationHost } from '@openrtc/core/isolation';

import type { CallProcess } from './call-process.js';
import type { ChildCommand } from './child-command.js';
import type { StartGate } from './start-gate.js';

/** Options of `CallProcess`. */
export interface CallProcessOptions {
  /** The pool, as the strategy sees it. */
  readonly host: IsolationHost;
  /** The command that starts the process. */
  readonly command: ChildCommand;
  /** Time to become ready, in milliseconds. */
  readonly startTimeoutMs: number;
  /** The group of its calls; undefined: set by the first call. */
  readonly group: string | undefined;
  /** Limits how many processes start at the same time. */
  readonly gate: StartGate;
  /** The last change of the agents' code, if there was one: the process uses it before its first call. */
  readonly change: () => CodeChange | undefined;
  /** Called once the process was forked. */
  readonly onStarted: (pid: number) => void;
  /** Called once it has ended, or will never start. */
  readonly onGone: (process: CallProcess) => void;
}
