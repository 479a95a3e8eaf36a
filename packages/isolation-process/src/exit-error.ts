import { OpenRtcError } from '@openrtc/core';

/** How a process ended, as Node tells it. */
export interface Exit {
  readonly pid: number | undefined;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The end of its standard error. */
  readonly stderr: string;
}

const HEAP_FULL = /JavaScript heap out of memory|invalid table size/;

/** What becomes of the calls of a process that ended by itself. */
export function exitError({ pid, code, signal, stderr }: Exit): OpenRtcError {
  if (HEAP_FULL.test(stderr)) {
    return new OpenRtcError(
      'ISOLATION_MEMORY_LIMIT',
      `memory limit: the JavaScript heap of process ${pid} was full`,
    );
  }
  const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
  return new OpenRtcError('ISOLATION_LOST', `the process of the call (${pid}) ended ${how}`);
}
