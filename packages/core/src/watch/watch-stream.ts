/**
 * What a node gave the SDK, with `onError` told when it fails later. The error goes on to the SDK; what is
 * no stream comes back as it is.
 */
export function watchStream(value: unknown, onError: (error: unknown) => void): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('getReader' in value) return watchReadable(value as ReadableStream, onError);
  if (Symbol.asyncIterator in value) return watchIterable(value as AsyncIterable<unknown>, onError);
  return value;
}

/** Reads only when it is read: what the SDK does not ask for is not made. */
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
          // Nobody waits any more for what the SDK has called off.
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
  // The SDK cancels in its clean-up; what has failed would reject that too, the rest of the clean-up would
  // not be done, and the session could not be closed in under 10 s.
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
