import { stt } from '@livekit/agents';
import { AsyncLocalStorage } from 'node:async_hooks';

import { currentCall } from './current-call.js';
import { fallbackOf, isTried } from './fallback-children.js';
import { reportUnheard } from './provider-failures.js';
import { type Method, replaceMethods } from './replace-method.js';
import type { ProcessPatch } from './sdk-patch.js';

/*
 * The SDK cuts what the caller says into sentences for an STT that cannot stream, and has each recognised. When that
 * fails it writes a line to its log, and goes on: there is no event, no turn, and a fallback adapter never goes on to its
 * next STT.
 */

/** The stream that has a sentence of the caller recognised. Not set for what code of the user has recognised. */
const recognising = new AsyncLocalStorage<stt.StreamAdapterWrapper | undefined>();
const makers = new WeakMap<stt.StreamAdapterWrapper, stt.StreamAdapter>();

/** Reports sentences that an STT without streaming fails to recognise, and lets a fallback adapter go on. */
export const lostRecognitionsPatch: ProcessPatch = {
  scope: 'process',
  name: 'lost-recognitions',
  why: 'The SDK has no event for an STT without streaming that fails, and a fallback adapter stays with it.',
  versions: '@livekit/agents 1.9',
  apply: (logger) =>
    replaceMethods(logger, 'an STT that cannot stream may fail unseen', [
      { owner: stt.StreamAdapter.prototype, name: 'stream', replace: notingMaker },
      { owner: stt.StreamAdapterWrapper.prototype, name: 'run', replace: running },
      { owner: stt.StreamAdapterWrapper.prototype, name: 'close', replace: once },
      { owner: stt.STT.prototype, name: 'recognize', replace: watching },
      { owner: stt.FallbackAdapter.prototype, name: 'recognize', replace: watching },
    ]),
};

function notingMaker(original: Method) {
  return function (this: stt.StreamAdapter, ...args: unknown[]): unknown {
    const stream = Reflect.apply(original, this, args) as stt.StreamAdapterWrapper;
    makers.set(stream, this);
    return stream;
  };
}

function running(original: Method) {
  return function (this: stt.StreamAdapterWrapper): unknown {
    return recognising.run(this, () => Reflect.apply(original, this, []));
  };
}

// A fallback adapter closes its streams twice, and the VAD inside leaves a rejected promise for the second time.
function once(original: Method) {
  return function (this: stt.StreamAdapterWrapper): void {
    if (!isClosed(this)) Reflect.apply(original, this, []);
  };
}

function watching(original: Method) {
  return async function (this: stt.STT, ...args: unknown[]): Promise<unknown> {
    const stream = recognising.getStore();
    if (stream === undefined) return Reflect.apply(original, this, args);
    try {
      // An adapter asks its own STTs in turn: it is its result that counts.
      const result = await recognising.run(undefined, () => Reflect.apply(original, this, args));
      if (!hasAlternatives(result)) lost(this, stream, new Error('The result has no transcript.'));
      return result;
    } catch (error) {
      lost(this, stream, error);
      throw error;
    }
  };
}

function lost(provider: stt.STT, stream: stt.StreamAdapterWrapper, error: unknown): void {
  const call = currentCall();
  // A request that is given up with its stream has not failed.
  if (call === undefined || isClosed(stream)) return;
  const maker = makers.get(stream);
  const inFallback = maker !== undefined && fallbackOf(maker) !== undefined;
  if (maker === undefined || isTried(maker))
    reportUnheard(call, {
      event: { type: 'stt_error', label: provider.label, error },
      recoverable: inFallback,
      wordsLost: true,
    });
  // The adapter takes a stream that has ended for one that has failed.
  if (inFallback) stream.close();
}

/** `abortSignal` is not public. */
function isClosed(stream: object): boolean {
  return (stream as { readonly abortSignal: AbortSignal }).abortSignal.aborted;
}

function hasAlternatives(result: unknown): boolean {
  const { alternatives } = (result ?? {}) as { alternatives?: readonly unknown[] };
  return Array.isArray(alternatives) && typeof alternatives[0] === 'object';
}
