import type { IsolationStrategy } from '@openrtc/core';

import { type ProcessesOptions, resolveProcesses } from './options.js';
import { ProcessIsolation } from './process-isolation.js';

export type { ProcessesOptions } from './options.js';

/**
 * Calls in child processes, one in each unless told otherwise. A process that crashes, hangs or grows takes
 * its own calls with it and no others. It runs the worker's entry again, whose `pool.run()` takes calls there
 * in place of connecting to LiveKit, so nothing else in the code changes.
 *
 * It is a boundary for faults, not for hostile code: all processes are of one user.
 * @throws OpenRtcError `CONFIG_INVALID_OPTION`.
 */
export function processes(options: ProcessesOptions = {}): IsolationStrategy {
  const resolved = resolveProcesses(options);
  return {
    name: 'process',
    async open(host, signal) {
      const isolation = new ProcessIsolation(host, resolved);
      await isolation.open(signal);
      return isolation;
    },
  };
}
