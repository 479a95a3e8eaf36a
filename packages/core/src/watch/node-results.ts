/*
 * The SDK reads what a node returns as a stream. It fails where it reads anything else, and then neither ends the turn
 * nor reports the node.
 */

const NODES: ReadonlySet<string> = new Set([
  'sttNode',
  'llmNode',
  'ttsNode',
  'transcriptionNode',
  'realtimeAudioOutputNode',
]);

/** What is wrong with what a hook has returned; undefined: nothing. */
export function wrongResult(hook: string, value: unknown): TypeError | undefined {
  if (!NODES.has(hook) || value === undefined || value === null) return undefined;
  if (!isReadable(value))
    return new TypeError(
      `${hook} returned ${nameOf(value)}: it must return a ReadableStream or null${hintFor(value)}.`,
    );
  // The SDK would have to read it as well.
  return value.locked === true
    ? new TypeError(`${hook} returned a stream that something else reads already.`)
    : undefined;
}

/** What the SDK gets: a node without a return statement has nothing to give, as one that returns null. */
export function nodeResult(hook: string, value: unknown): unknown {
  return value === undefined && NODES.has(hook) ? null : value;
}

function isReadable(value: unknown): value is { readonly locked?: unknown } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'getReader' in value &&
    typeof value.getReader === 'function'
  );
}

function nameOf(value: unknown): string {
  if (typeof value !== 'object') return `a ${typeof value}`;
  if (Array.isArray(value)) return 'an array';
  return isIterable(value) ? 'an async generator' : 'an object that is no stream';
}

function hintFor(value: unknown): string {
  if (isIterable(value)) return ', as in ReadableStream.from(generator)';
  if (typeof value === 'string') return ', as in ReadableStream.from([text])';
  return Array.isArray(value) ? ', as in ReadableStream.from(array)' : '';
}

function isIterable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
