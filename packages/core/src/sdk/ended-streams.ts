import { stt } from '@livekit/agents';

import { type CurrentCall, currentCall } from './current-call.js';
import { type Method, replaceMethods } from './replace-method.js';
import type { ProcessPatch } from './sdk-patch.js';

/*
 * The stream of an STT may end although nobody has asked for it, as when the provider closes its socket. The SDK takes
 * that for the end of the audio, and the agent hears nothing for the rest of the call. So the stream is started again,
 * as often as the SDK starts it again after an error.
 */

// A stream that has lived so long has worked: it is not one more attempt to begin.
const WORKED_MS = 10_000;
// As the SDK does after an error.
const FIRST_RETRY_MS = 100;

/** The stream of an STT ended although nobody had asked for it. */
export class StreamEndedError extends Error {
  override readonly name = 'StreamEndedError';
  /** True when it was not started again. The agent hears nothing until it gets another STT. */
  readonly forGood: boolean;

  constructor(forGood: boolean) {
    super(
      forGood
        ? 'its stream has ended and does not start again: the agent hears nothing until it gets another STT.'
        : 'its stream has ended although nobody asked for it.',
    );
    this.forGood = forGood;
  }
}

/** What is not public. */
interface SpeechStream {
  closed: boolean;
  _numRetries: number;
  readonly input: { readonly closed: boolean };
  readonly abortSignal: AbortSignal;
  readonly _connOptions: { readonly maxRetry: number; readonly retryIntervalMs: number };
  emitError(failure: { error: Error; recoverable: boolean }): void;
}

const ended = new WeakSet<SpeechStream>();
const running = new WeakMap<CurrentCall, Set<SpeechStream>>();
const deaf = new WeakSet<CurrentCall>();

/** Starts STT streams again that end by themselves, and reports them. */
export const endedStreamsPatch: ProcessPatch = {
  scope: 'process',
  name: 'ended-streams',
  why: 'An STT whose stream ends without an error leaves its agent deaf for the rest of the call, and nothing tells it.',
  versions: '@livekit/agents 1.9',
  apply: (logger) =>
    replaceMethods(logger, 'an STT stream that ends by itself stays away', [
      { owner: stt.SpeechStream.prototype, name: 'endInput', replace: notingEnd },
      { owner: stt.SpeechStream.prototype, name: 'mainTask', replace: restarting },
    ]),
};

/** True while nobody hears the caller, because the last STT stream has ended for good. */
export function isDeaf(call: CurrentCall): boolean {
  return deaf.has(call);
}

function notingEnd(original: Method) {
  return function (this: SpeechStream): unknown {
    ended.add(this);
    return Reflect.apply(original, this, []);
  };
}

function restarting(original: Method) {
  return async function (this: SpeechStream): Promise<unknown> {
    const call = currentCall();
    if (call === undefined) return Reflect.apply(original, this, []);
    const others = running.get(call) ?? new Set();
    running.set(call, others.add(this));
    deaf.delete(call);
    try {
      do await ran(original, this);
      while (await startsAgain(this, call));
    } finally {
      others.delete(this);
    }
    if (isAsked(this, call)) return undefined;
    // The SDK would close the session for an error that is not recoverable: the call would end, also one in which the
    // caller types.
    this.emitError({ error: new StreamEndedError(true), recoverable: true });
    if (others.size === 0) deaf.add(call);
    return undefined;
  };
}

/** One life of the stream. Its attempts to begin count from the start again when it has lived for long. */
async function ran(original: Method, stream: SpeechStream): Promise<void> {
  const startedAt = performance.now();
  await Reflect.apply(original, stream, []);
  if (performance.now() - startedAt > WORKED_MS) stream._numRetries = 0;
}

/** Returns true after a pause when the stream has ended by itself and may run again. */
async function startsAgain(stream: SpeechStream, call: CurrentCall): Promise<boolean> {
  const { maxRetry, retryIntervalMs } = stream._connOptions;
  if (isAsked(stream, call) || stream.input.closed || stream._numRetries >= maxRetry) return false;
  stream.emitError({ error: new StreamEndedError(false), recoverable: true });
  // Plugins mark their stream as closed when they have ended. It would take no audio then.
  stream.closed = false;
  const pause = stream._numRetries === 0 ? FIRST_RETRY_MS : retryIntervalMs;
  stream._numRetries += 1;
  await waitFor(pause, stream.abortSignal);
  return !isAsked(stream, call);
}

/** True when somebody has closed the stream or ended its input, or the call has ended. */
function isAsked(stream: SpeechStream, { end }: CurrentCall): boolean {
  return stream.abortSignal.aborted || ended.has(stream) || end.outcome !== undefined;
}

/** Waits until the time is over or the stream is closed. */
function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
