const reported = new WeakMap<object, string>();

/** Notes that an error of a call has been counted and logged as what it is: a hook's, or a provider's. */
export function markReported(error: unknown, jobId: string): void {
  if (typeof error === 'object' && error !== null) reported.set(error, jobId);
}

/**
 * True for an error that {@link markReported} has last seen in this call. The SDK awaits some of its own
 * promises with such an error in them never or too late; that it turns up as unhandled is no second fault.
 */
export function isReported(error: unknown, jobId: string): boolean {
  return typeof error === 'object' && error !== null && reported.get(error) === jobId;
}
