import type { Logger } from '../base/logger.js';
import { deriveSdkLogger } from './call-log-fields.js';
import { type CurrentCall, currentCall } from './current-call.js';
import type { ProcessPatch } from './sdk-patch.js';

/** A failure of which the SDK or a plugin only writes a line to its log. */
export interface LoggedFailure {
  /** The level of the line. */
  readonly level: 'warn' | 'error';
  /** The line, or how it begins. */
  readonly message: string;
  /** The kind of provider. */
  readonly kind: 'tts' | 'vad';
  /** True when the provider gives nothing any more, and has not reported an error. */
  readonly stalled: boolean;
}

/** All of them. */
const loggedFailures: readonly LoggedFailure[] = [
  {
    level: 'warn',
    message: 'TTS stream stalled after producing audio, forcing close',
    kind: 'tts',
    stalled: true,
  },
  // inference.VAD, the silero plugin, and any VAD whose stream fails.
  { level: 'error', message: 'VAD pump failed', kind: 'vad', stalled: false },
  { level: 'error', message: 'Error in VAD inference task', kind: 'vad', stalled: false },
  { level: 'error', message: 'Error running VAD task: ', kind: 'vad', stalled: false },
];

type OnFailure = (failure: LoggedFailure, error: unknown) => void;

const listeners = new WeakMap<CurrentCall, OnFailure>();

/** Reports failures of providers that are only in the log of the SDK to the call in which they happen. */
export const loggedFailuresPatch: ProcessPatch = {
  scope: 'process',
  name: 'logged-failures',
  why: 'The SDK has no event for a TTS that gives no audio for 10 s, and none for a VAD that fails.',
  versions: '@livekit/agents 1.9 with pino 8 to 10',
  apply: (poolLogger) =>
    deriveSdkLogger(
      poolLogger,
      'a TTS that hangs and a VAD that fails will not be reported',
      (logger) => ({ warn: listening(logger, 'warn'), error: listening(logger, 'error') }),
    ),
};

/** Calls `onFailure` for each such failure in this call. */
export function watchLoggedFailures(call: CurrentCall, onFailure: OnFailure): void {
  listeners.set(call, onFailure);
}

function listening(logger: Logger, level: LoggedFailure['level']): PropertyDescriptor {
  return {
    get:
      () =>
      (...args: unknown[]): void => {
        report(level, args);
        Reflect.apply(logger[level], logger, args);
      },
    // pino sets the methods of a child, and all of them again when the level is changed.
    set(this: object, value: unknown) {
      Object.defineProperty(this, level, { value, writable: true, configurable: true });
    },
  };
}

/** pino takes a message, or fields and a message. */
function report(level: LoggedFailure['level'], args: readonly unknown[]): void {
  const call = currentCall();
  const onFailure = call === undefined ? undefined : listeners.get(call);
  if (onFailure === undefined) return;
  const message = args.find((arg) => typeof arg === 'string');
  const failure = loggedFailures.find(
    (each) => each.level === level && message?.startsWith(each.message) === true,
  );
  if (failure !== undefined)
    onFailure(failure, errorIn(args[0], message?.slice(failure.message.length)));
}

/** The error is among the fields, or it is the rest of the message, as `TypeError: x is not a function`. */
function errorIn(first: unknown, rest: string | undefined): unknown {
  if (first instanceof Error) return first;
  const logged = typeof first === 'object' && first !== null && 'err' in first ? first.err : rest;
  if (logged instanceof Error) return logged;
  const [, name = 'Error', message = ''] = /^(?:(\w*Error): )?([^]*)$/.exec(String(logged)) ?? [];
  return Object.assign(new Error(message), { name });
}
