const reported = new WeakSet<object>();

/** Notes that an error has been counted and logged as what it is: a hook's, or a provider's. */
export function markReported(error: unknown): void {
  if (typeof error === 'object' && error !== null) reported.add(error);
}

/**
 * True for an error that {@link markReported} has seen. The SDK awaits some of its own promises with such an
 * error in them never or too late; that it turns up as unhandled is then no second fault.
 */
export function isReported(error: unknown): boolean {
  return typeof error === 'object' && error !== null && reported.has(error);
}
