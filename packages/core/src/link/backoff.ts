/** The delays between attempts to reconnect. */
export interface BackoffOptions {
  /** The maximum of the first delay, in milliseconds. */
  readonly firstMs: number;
  /** The maximum of every later delay, in milliseconds. */
  readonly capMs: number;
}

/**
 * The delays of a worker that has lost its connection. The cap is low: a worker takes no calls while it is
 * disconnected, and an attempt costs the server little.
 */
export const reconnectBackoff: BackoffOptions = { firstMs: 500, capMs: 8_000 };

/**
 * The delay before an attempt, in milliseconds: exponential backoff with full jitter. Each delay is random between 0
 * and a maximum, which doubles up to the cap. Jitter spreads the reconnects of many workers that lost one server.
 * @param attempt - 0 for the first retry
 */
export function backoffDelay(
  attempt: number,
  options: BackoffOptions,
  random = Math.random,
): number {
  const max = Math.min(options.capMs, options.firstMs * 2 ** Math.min(attempt, 30));
  return Math.round(random() * max);
}
