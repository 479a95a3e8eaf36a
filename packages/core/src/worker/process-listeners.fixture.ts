const events = ['uncaughtException', 'unhandledRejection', 'SIGTERM', 'SIGINT'] as const;
type Listener = (...args: unknown[]) => void;

/**
 * Vitest fails a run for an error nobody caught; where the pool is who catches it, vitest's listeners are
 * taken away until the returned function is called.
 */
export function withoutListeners(): () => void {
  const others = events.flatMap((event) =>
    (process.rawListeners(event) as Listener[]).map((listener) => ({ event, listener })),
  );
  for (const { event, listener } of others) process.off(event, listener);
  return () => {
    for (const { event, listener } of others) process.on(event, listener);
  };
}
