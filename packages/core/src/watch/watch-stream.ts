/**
 * Wraps the result of a node so that `onError` is called when it fails later. The error is still passed on to the SDK.
 * A value that is not a stream is returned unchanged.
 */
export function watchStream(value: unknown, onError: (error: unknown) => void): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('getReader' in value) return watchReadable(value as ReadableStream, onError);
  if (Symbol.asyncIterator in value) return watchIterable(value as AsyncIterable<unknown>, onError);
  return value;
}

/** Reads from the source only on demand, so that nothing is generated that the SDK does not request. */
function watchReadable(
  source: ReadableStream,
  onError: (error: unknown) => void,
): ReadableStream<unknown> {
  const reader = source.getReader();
  let cancelled = false;
  let failed = false;
  const watched = new ReadableStream<unknown>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (cancelled) return;
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          // After the SDK has cancelled the stream, its errors no longer matter.
          if (!cancelled) onError(error);
          failed = true;
          throw error;
        }
      },
      cancel(reason) {
        cancelled = true;
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  // The SDK cancels the stream in its clean-up. A failed stream would reject that too, the rest of the clean-up would
  // be skipped, and closing the session would take 10 s.
  const cancel = watched.cancel.bind(watched);
  watched.cancel = (reason?: unknown) => (failed ? Promise.resolve() : cancel(reason));
  return watched;
}

function watchIterable(
  source: AsyncIterable<unknown>,
  onError: (error: unknown) => void,
): AsyncIterable<unknown> {
  return {
    async *[Symbol.asyncIterator]() {
      try {
        yield* source;
      } catch (error) {
        onError(error);
        throw error;
      }
    },
  };
}
