import { llm, stt, tts, voice } from '@livekit/agents';

import { OpenRtcError, messageOf } from '../base/errors.js';
import type { ProviderErrorKind } from '../call/provider-error.js';
import type { CurrentCall } from '../sdk/current-call.js';
import { StreamEndedError } from '../sdk/ended-streams.js';
import { noteHeard } from '../sdk/error-ways.js';
import { markReported } from './blame.js';
import type { ProviderFailure } from './call-reports.js';

const KINDS: Readonly<Record<string, ProviderErrorKind>> = {
  stt_error: 'stt',
  llm_error: 'llm',
  tts_error: 'tts',
  realtime_model_error: 'realtime',
};

/** Ends the call when its session closes by itself, and passes on the errors of its providers. */
export function watchSession(
  session: voice.AgentSession,
  call: CurrentCall,
  onProviderError: (failure: ProviderFailure) => void,
): void {
  // The emitter would throw an 'error' event that has no listener.
  session.on(voice.AgentSessionEventTypes.Error, ({ error, source }) => {
    markReported(error, call.jobId);
    noteHeard(error);
    onProviderError(failureOf(error, source));
  });
  session.on(voice.AgentSessionEventTypes.Close, ({ reason, error }) => {
    if (error !== null) {
      // The SDK wraps the provider's error in a record of its own, which has no message.
      const cause = 'error' in error ? error.error : error;
      call.end.failed(
        new OpenRtcError(
          'SESSION_CLOSED_WITH_ERROR',
          `The session closed because a provider failed: ${messageOf(cause)}`,
          { cause },
        ),
      );
    } else if (reason === voice.CloseReason.ERROR) {
      // Its start has failed, and whoever has started it gets the error.
      call.logger.debug({}, 'the session closed because its start failed');
    } else if (reason === voice.CloseReason.PARTICIPANT_DISCONNECTED) {
      call.end.because('caller_left');
    } else {
      call.end.because('agent_shutdown', reason);
    }
  });
}

/** What an event of a provider says. Plugins emit it, so it may be anything, whatever its type says. */
export function failureOf(event: unknown, source: unknown): ProviderFailure {
  if (typeof event !== 'object' || event === null)
    return { kind: kindOf(undefined, source), label: '', recoverable: false, error: event };
  const { type, label, recoverable, error } = event as Readonly<Record<string, unknown>>;
  return {
    kind: kindOf(type, source),
    label,
    recoverable: recoverable === true && !(error instanceof StreamEndedError && error.forGood),
    error: error ?? event,
  };
}

function kindOf(type: unknown, source: unknown): ProviderErrorKind {
  const known = typeof type === 'string' ? KINDS[type] : undefined;
  if (known !== undefined) return known;
  if (source instanceof stt.STT) return 'stt';
  if (source instanceof tts.TTS) return 'tts';
  return source instanceof llm.RealtimeModel ? 'realtime' : 'llm';
}
