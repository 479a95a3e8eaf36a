import { llm, stt, tts } from '@livekit/agents';

import { currentCall } from './current-call.js';
import { type Method, replaceMethods } from './replace-method.js';
import type { ProcessPatch } from './sdk-patch.js';

/*
 * A plugin may put anything into the stream of its provider: null, say, for an answer of its service that it does not
 * know. The SDK fails where it reads that, in promises that nobody handles, some of them of no call.
 */

/** Closes a stream that is given something that is no chunk of it, and reports it as an error of its provider. */
export const brokenStreamsPatch: ProcessPatch = {
  scope: 'process',
  name: 'broken-streams',
  why: 'A provider that gives no proper chunks leaves errors that nobody handles, and a stream that never ends.',
  versions: '@livekit/agents 1.9',
  apply: (logger) =>
    replaceMethods(logger, 'a provider that gives no proper chunks may end its call', [
      // Each stream calls these before it is given anything.
      { owner: llm.LLMStream.prototype, name: 'monitorMetrics', replace: guarding(isObject) },
      { owner: stt.SpeechStream.prototype, name: 'monitorMetrics', replace: guarding(isObject) },
      { owner: tts.SynthesizeStream.prototype, name: 'monitorMetrics', replace: guarding(isAudio) },
      // It has a queue for each of its attempts.
      { owner: tts.ChunkedStream.prototype, name: 'drainAttemptQueue', replace: guarding(isAudio) },
    ]),
};

interface Queue {
  put(chunk: unknown): void;
}

/** What is not public. */
interface ProviderStream {
  readonly queue: Queue;
  emitError(failure: { error: unknown; recoverable: boolean }): void;
  close(): void;
}

const broken = new WeakSet<ProviderStream>();

function guarding(isChunk: (chunk: unknown) => boolean) {
  return (original: Method) =>
    function (this: ProviderStream, ...args: unknown[]): unknown {
      const { queue } = this;
      const put = queue.put.bind(queue);
      if (currentCall() !== undefined)
        queue.put = (chunk) => (isChunk(chunk) ? put(chunk) : report(this, chunk));
      return Reflect.apply(original, this, args);
    };
}

/** Once: all that comes after it is lost as well. */
function report(stream: ProviderStream, chunk: unknown): void {
  if (broken.has(stream)) return;
  broken.add(stream);
  const what = chunk === null ? 'null' : typeof chunk;
  const error = new TypeError(`its stream gave ${what}, which is no chunk: it was closed.`);
  stream.emitError({ error, recoverable: false });
  stream.close();
}

function isAudio(chunk: unknown): boolean {
  return typeof chunk === 'symbol' || (isObject(chunk) && isObject((chunk as Framed).frame));
}

interface Framed {
  readonly frame?: unknown;
}

function isObject(chunk: unknown): boolean {
  return typeof chunk === 'object' && chunk !== null;
}
