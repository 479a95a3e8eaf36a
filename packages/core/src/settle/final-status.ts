import { JobStatus } from '@livekit/protocol';

import type { SessionOutcome } from '../call/session-outcome.js';

/** How a call ended, in the words of the worker protocol. A call that was cut was none that failed. */
export function finalStatus({ status, error, detail }: SessionOutcome): {
  status: JobStatus.JS_SUCCESS | JobStatus.JS_FAILED;
  error: string;
} {
  if (status !== 'failed') return { status: JobStatus.JS_SUCCESS, error: '' };
  return { status: JobStatus.JS_FAILED, error: `${error?.code ?? 'INTERNAL'}: ${detail ?? ''}` };
}
