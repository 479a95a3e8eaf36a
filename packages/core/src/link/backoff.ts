/** Delays between attempts to reconnect. */
export interface BackoffOptions {
  /** Ceiling of the first delay in milliseconds. */
  readonly firstMs: number;
  /** Ceiling of every later delay in milliseconds. */
  readonly capMs: number;
}

// Full jitter: a hundred workers that lost one server come back spread out. The cap is low because a worker
// that is away takes no calls, and an attempt costs the server little.
export const reconnectBackoff: BackoffOptions = { firstMs: 500, capMs: 8_000 };

/**
 * Exponential backoff with full jitter: each delay is uniform between 0 and a ceiling that doubles
 * up to the cap.
 * @param attempt - 0 for the first retry
 */
export function backoffDelay(
  attempt: number,
  options: BackoffOptions,
  random = Math.random,
): number {
  const ceiling = Math.min(options.capMs, options.firstMs * 2 ** Math.min(attempt, 30));
  return Math.round(random() * ceiling);
}
