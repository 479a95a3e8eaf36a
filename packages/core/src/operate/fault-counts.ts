import type { SessionFaults } from '../call/session-event.js';

/** Counts failures that did not end their call, for one call or for all calls. */
export class FaultCounts implements SessionFaults {
  /** Hooks and nodes that failed. */
  hookErrors = 0;
  /** Tools that failed. */
  toolErrors = 0;

  /** Counts one failure. */
  add(fault: 'hook' | 'tool'): void {
    if (fault === 'hook') this.hookErrors += 1;
    else this.toolErrors += 1;
  }

  /** The current counts, as plain data. */
  snapshot(): SessionFaults {
    return { hookErrors: this.hookErrors, toolErrors: this.toolErrors };
  }
}
