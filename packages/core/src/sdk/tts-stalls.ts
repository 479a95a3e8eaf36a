import type { Logger } from '../base/logger.js';
import { deriveSdkLogger } from './call-log-fields.js';
import { type CurrentCall, currentCall } from './current-call.js';
import { symbolOf } from './redacted-logs.js';
import type { ProcessPatch } from './sdk-patch.js';

/*
 * A TTS that gives no audio for 10 s is given up by the SDK with nothing but this line in its log.
 */
const STALLED = 'TTS stream stalled after producing audio, forcing close';

const listeners = new WeakMap<CurrentCall, () => void>();

/** Reports a TTS that gives no audio to the call it speaks for. */
export const ttsStallsPatch: ProcessPatch = {
  scope: 'process',
  name: 'tts-stalls',
  why: 'The SDK gives up a TTS that gives no audio for 10 s, and has no event for it.',
  versions: '@livekit/agents 1.9',
  apply: (poolLogger) =>
    deriveSdkLogger((logger) => {
      if (symbolOf(logger, 'pino.mixin') !== undefined) return { warn: listening(logger) };
      poolLogger.debug(
        {},
        'the logger of @livekit/agents is not a pino logger: a TTS that hangs will not be reported',
      );
      return undefined;
    }),
};

function listening(logger: Logger): PropertyDescriptor {
  return {
    get: () => listenedTo(logger),
    // pino sets the methods of a child, and all of them again when the level is changed.
    set(this: object, value: unknown) {
      Object.defineProperty(this, 'warn', { value, writable: true, configurable: true });
    },
  };
}

function listenedTo(logger: Logger): (...args: unknown[]) => void {
  return (...args) => {
    const call = args.includes(STALLED) ? currentCall() : undefined;
    if (call !== undefined) listeners.get(call)?.();
    Reflect.apply(logger.warn, logger, args);
  };
}

/** Calls `onStall` each time the SDK gives up the TTS of this call. */
export function watchTtsStalls(call: CurrentCall, onStall: () => void): void {
  listeners.set(call, onStall);
}
