import type { SessionFaults } from '../call/session-event.js';

/** Counts what failed and was survived, in one call or in all. */
export class FaultCounts implements SessionFaults {
  hookErrors = 0;
  toolErrors = 0;

  add(fault: 'hook' | 'tool'): void {
    if (fault === 'hook') this.hookErrors += 1;
    else this.toolErrors += 1;
  }

  /** The counts at this moment, as plain data. */
  snapshot(): SessionFaults {
    return { hookErrors: this.hookErrors, toolErrors: this.toolErrors };
  }
}
