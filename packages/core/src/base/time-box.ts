/** What came of a promise in its time box. */
export type Boxed<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'timeout' };

/**
 * Waits for `work` for at most `ms` milliseconds and never rejects. Work that is late goes on; how it
 * ends is told to `late`, so that a late rejection is reported and never becomes unhandled.
 */
export async function timeBox<T>(
  ms: number,
  work: () => T | PromiseLike<T>,
  late: (error: unknown) => void = () => {},
): Promise<Boxed<T>> {
  let timedOut = false;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<Boxed<T>>((resolve) => {
    timer = setTimeout(() => {
      timedOut = true;
      resolve({ kind: 'timeout' });
    }, ms);
  });
  const settled = (async (): Promise<Boxed<T>> => {
    try {
      return { kind: 'done', value: await work() };
    } catch (error) {
      if (timedOut) late(error);
      return { kind: 'failed', error };
    }
  })();
  try {
    return await Promise.race([settled, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
