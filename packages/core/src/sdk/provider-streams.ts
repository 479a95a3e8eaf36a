import { tts, voice } from '@livekit/agents';

import { type CurrentCall, currentCall } from './current-call.js';
import { isProbe } from './fallback-recovery.js';
import { type Method, replaceMethods } from './replace-method.js';
import type { ProcessPatch } from './sdk-patch.js';

const asked = new WeakSet<CurrentCall>();

/** Handles the rejection that a TTS request leaves behind, as the SDK does for its other streams. */
export const failedSpeechPatch: ProcessPatch = {
  scope: 'process',
  name: 'failed-speech',
  why: 'A TTS request that fails reports its error and then rejects a promise that nobody handles.',
  versions: '@livekit/agents 1.9',
  apply: (logger) =>
    replaceMethods(logger, 'a TTS that cannot stream may end its call when it fails', [
      { owner: tts.ChunkedStream.prototype, name: 'mainTask', replace: handled },
    ]),
};

/** Notes that the TTS was asked to speak. */
export const askedSpeechPatch: ProcessPatch = {
  scope: 'process',
  name: 'asked-speech',
  why: 'The SDK does not tell words for which the TTS gave no audio from words that were never to be spoken.',
  versions: '@livekit/agents 1.9',
  apply: (logger) =>
    replaceMethods(logger, 'a TTS that gives no audio will not be noticed', [
      { owner: voice.Agent.default, name: 'ttsNode', replace: noting },
    ]),
};

/** Whether the TTS was asked to speak in this call since the last time this was asked. */
export function takeAskedSpeech(call: CurrentCall): boolean {
  return asked.delete(call);
}

function handled(original: Method) {
  return async function (this: tts.ChunkedStream): Promise<unknown> {
    if (currentCall() === undefined && !isProbe()) return Reflect.apply(original, this, []);
    try {
      return await Reflect.apply(original, this, []);
    } catch {
      // The stream has emitted it as the error of its provider, which is reported to the call. That of a probe is of no
      // call: the adapter gets no audio, logs that, and asks again later.
      return undefined;
    }
  };
}

function noting(original: Method) {
  return function (this: unknown, ...args: unknown[]): unknown {
    const call = currentCall();
    if (call !== undefined) asked.add(call);
    return Reflect.apply(original, this, args);
  };
}
