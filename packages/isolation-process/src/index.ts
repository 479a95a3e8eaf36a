import type { IsolationStrategy } from '@openrtc/core';

import { type ProcessesOptions, resolveProcesses } from './options.js';
import { ProcessIsolation } from './process-isolation.js';

export type { ProcessesOptions } from './options.js';

// Measured: what a process takes besides the files that all of them map, and what each call in it adds.
const PROCESS_MB = 70;
const CALL_MB = 10;

/**
 * Runs calls in child processes, by default one in each. A process that crashes, hangs or uses too much memory ends
 * only its own calls. A process runs the entry of the worker again; there `pool.run()` runs calls instead of
 * connecting to LiveKit, so no other code changes.
 *
 * It isolates faults, not hostile code: all processes belong to the same user.
 * @throws OpenRtcError `CONFIG_INVALID_OPTION`.
 */
export function processes(options: ProcessesOptions = {}): IsolationStrategy {
  const resolved = resolveProcesses(options);
  return {
    name: 'process',
    callMemoryMb: CALL_MB + Math.ceil(PROCESS_MB / resolved.sessionsPerProcess),
    async open(host, signal) {
      const isolation = new ProcessIsolation(host, resolved);
      await isolation.open(signal);
      return isolation;
    },
  };
}
