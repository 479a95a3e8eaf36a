/** The result of {@link timeBox}. */
export type Boxed<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'timeout' };

/**
 * Waits for `work` for at most `ms` milliseconds. Never rejects. Work that takes longer is not stopped; when it
 * rejects later, `late` is called with the error, so that there is no unhandled rejection.
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
