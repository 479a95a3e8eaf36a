import type { JobContext } from '@livekit/agents';

import type { Logger } from '../base/logger.js';
import { deriveSdkLogger } from './call-log-fields.js';
import { currentCall } from './current-call.js';
import type { ProcessPatch, UndoPatch } from './sdk-patch.js';

/*
 * What the SDK warns of when a caller hangs up in the middle of a sentence is no fault: the sentence has no answer, and
 * the agent does not finish its own. In the middle of a call the same lines are warnings.
 */

const ENDING_LINES: readonly RegExp[] = [
  /^skipping .*, speech scheduling is paused$/,
  /^attempting to schedule a new SpeechHandle while speech scheduling is paused or stopped/,
  /markPlaybackFinished called before text\/audio input is done$/,
];

/** Logs what happens at the end of every call at `debug`. */
export const endingNoisePatch: ProcessPatch = {
  scope: 'process',
  name: 'ending-noise',
  why: 'The SDK warns of speech that is cut off, also when the caller has hung up: a warning in a healthy call.',
  versions: '@livekit/agents 1.9 with pino 8 to 10',
  apply: quietEnds,
};

type Write = (this: Logger, ...args: unknown[]) => void;

function quietEnds(poolLogger: Logger): UndoPatch {
  const lost = 'ends of calls may log warnings';
  return deriveSdkLogger(poolLogger, lost, (logger) => {
    const warn: Write = function (...args) {
      const quiet = args.some(isEndingLine) && callIsEnding();
      // Read each time: pino replaces the methods when the level changes.
      Reflect.apply(Reflect.get(logger, quiet ? 'debug' : 'warn') as Write, this, args);
    };
    return { warn: { value: warn, writable: true } };
  });
}

function isEndingLine(arg: unknown): boolean {
  return typeof arg === 'string' && ENDING_LINES.some((line) => line.test(arg));
}

/** A session that closes itself ends its call only when it is closed. */
function callIsEnding(): boolean {
  const call = currentCall();
  if (call === undefined) return false;
  return call.end.outcome !== undefined || closing(call.ctx);
}

function closing({ _primaryAgentSession: session }: JobContext): boolean {
  return (session as { closing?: boolean } | undefined)?.closing === true;
}
