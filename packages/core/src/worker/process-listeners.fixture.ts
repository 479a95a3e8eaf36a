const events = [
  'uncaughtException',
  'unhandledRejection',
  'SIGTERM',
  'SIGINT',
  'SIGHUP',
  'SIGQUIT',
] as const;
type Listener = (...args: unknown[]) => void;

/**
 * Removes vitest's listeners, because vitest fails a run for an uncaught error, also when the pool catches it.
 * @returns a function that adds the listeners again
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
