/**
 * Wraps the result of a node: when it fails before it has given anything, what `again` returns takes its place. A value
 * that is not a stream is returned unchanged.
 * @param again - called with the error, and whether nothing was given yet; undefined: the error is passed on
 * @param onEnd - called when it has ended without an error
 */
export function retryStream(
  value: unknown,
  again: (error: unknown, nothingYet: boolean) => Promise<unknown> | undefined,
  onEnd: () => void,
): unknown {
  if (!isStream(value)) return value;
  const pieces = piecesOf(value, again, onEnd);
  if (!('getReader' in value)) return pieces;
  return new ReadableStream<unknown>(
    {
      async pull(controller) {
        const { done, value: piece } = await pieces.next();
        if (done === true) controller.close();
        else controller.enqueue(piece);
      },
      // It also cancels the stream that is read now.
      cancel: () => void pieces.return(undefined),
    },
    { highWaterMark: 0 },
  );
}

/** Whether it is a stream, as a node may return it. */
export function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

async function* piecesOf(
  source: AsyncIterable<unknown>,
  again: (error: unknown, nothingYet: boolean) => Promise<unknown> | undefined,
  onEnd: () => void,
): AsyncGenerator<unknown, void> {
  let nothingYet = true;
  let replacement: unknown;
  try {
    for await (const piece of source) {
      nothingYet = false;
      yield piece;
    }
    onEnd();
    return;
  } catch (error) {
    const retried = again(error, nothingYet);
    if (retried === undefined) throw error;
    replacement = await retried;
  }
  if (isStream(replacement)) yield* replacement;
}
