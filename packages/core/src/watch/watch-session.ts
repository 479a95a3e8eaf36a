import { voice } from '@livekit/agents';

import { OpenRtcError, messageOf } from '../base/errors.js';
import type { CurrentCall } from '../sdk/current-call.js';
import { markReported } from './blame.js';

/** Ends the call when its session closes by itself, and logs provider errors that the session survives. */
export function watchSession(session: voice.AgentSession, call: CurrentCall): void {
  // The emitter would throw an 'error' event that has no listener.
  session.on(voice.AgentSessionEventTypes.Error, (event) => {
    const failure: unknown = event.error;
    markReported(failure, call.jobId);
    if (typeof failure === 'object' && failure !== null && 'error' in failure)
      markReported(failure.error, call.jobId);
    call.logger.warn({ error: failure }, 'a provider of the session failed');
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
    } else if (reason === voice.CloseReason.PARTICIPANT_DISCONNECTED) {
      call.end.because('caller_left');
    } else {
      call.end.because('agent_shutdown', reason);
    }
  });
}
