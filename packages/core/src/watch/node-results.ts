import type { voice } from '@livekit/agents';

import { kindOf } from '../base/kind-of.js';
import { isStream } from './retry-stream.js';

/*
 * The SDK reads what a node returns as a stream. It fails where it reads anything else, and then neither ends the turn
 * nor reports the node. It asks only an agent at work: what other code gets from a node is left as it is.
 */

const isNull = (value: unknown) => value === null;
const isFalsy = (value: unknown) => !value;

/** What is nothing to give, as the SDK has it for each node. */
const nothing: Readonly<Record<string, (value: unknown) => boolean>> = {
  sttNode: isNull,
  llmNode: isNull,
  ttsNode: isNull,
  transcriptionNode: isFalsy,
  realtimeAudioOutputNode: isFalsy,
};

/** What is wrong with what a hook of this agent has returned; undefined: nothing. */
export function wrongResult(
  { _agentActivity }: voice.Agent,
  hook: string,
  value: unknown,
): TypeError | undefined {
  if (_agentActivity === undefined || nothing[hook]?.(value) !== false) return undefined;
  if (!isReadable(value))
    return new TypeError(
      `${hook} returned ${nameOf(value)}: it must return a ReadableStream or null${hintFor(value)}.`,
    );
  // The SDK would have to read it as well.
  return value.locked === true
    ? new TypeError(`${hook} returned a stream that something else reads already.`)
    : undefined;
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
  if (isStream(value)) return 'an async iterable, as an async generator does';
  const kind = kindOf(value);
  return kind === 'an object' ? 'an object that is no stream' : kind;
}

function hintFor(value: unknown): string {
  if (isStream(value)) return ', as in ReadableStream.from(iterable)';
  if (typeof value === 'string') return ', as in ReadableStream.from([text])';
  return Array.isArray(value) ? ', as in ReadableStream.from(array)' : '';
}
