import { voice } from '@livekit/agents';

import type { ReportSessionEvent } from '../call/session-event.js';
import type { CurrentCall } from '../sdk/current-call.js';
import { watchLoggedFailures } from '../sdk/logged-failures.js';
import { watchProviderFailures } from '../sdk/provider-failures.js';
import { CallReports, type ProviderFailure } from './call-reports.js';
import { TurnTracker } from './turn-tracker.js';
import { watchFaults } from './watch-faults.js';
import { failureOf, watchSession } from './watch-session.js';
import { watchTurns } from './watch-turns.js';
import type { HookWatch } from './watch-hooks.js';
import { UsageWatch } from './watch-usage.js';

/** Watches the session of one call. */
export interface CallWatch {
  /** Reports what is still to be reported. Call it when the session is closed, before the end of the call is reported. */
  readonly finish: () => void;
  /** Stops watching. Hook errors are still reported after it. */
  readonly close: () => void;
  /** The hooks of all agents of the call. */
  readonly hooks: HookWatch;
}

/**
 * Reports everything that happens in a session: faults of hooks and tools, errors of providers, turns, usage. Ends the
 * call when the session closes by itself.
 * @param first - the agent of the call; those that take over are watched as well
 */
export function watchCall(
  session: voice.AgentSession,
  first: voice.Agent,
  call: CurrentCall,
  report: ReportSessionEvent,
): CallWatch {
  const reports = new CallReports(call, report);
  const turns = new TurnTracker((turn) => reports.turn(turn));
  const hooks = watchFaults(session, first, call, {
    tool: (...failure) => reports.tool(...failure),
    hook: (agent, name, error) => {
      turns.failed('hook_error');
      reports.hook(agent, name, error);
    },
  });
  const usage = new UsageWatch(session, reports);
  const onProviderError = (failure: ProviderFailure) => {
    if (!failure.recoverable) turns.failed('provider_error');
    reports.providerError(failure);
  };
  const labelOf = (kind: 'tts' | 'vad') => (session.currentAgent[kind] ?? session[kind])?.label;
  const { wordsLost } = watchTurns(session, turns, call, () =>
    onProviderError({ kind: 'tts', label: labelOf('tts'), recoverable: false, error: noAudio() }),
  );
  watchSession(session, call, onProviderError);
  watchProviderFailures(call, ({ event, recoverable, ...unheard }) => {
    const failure = { ...failureOf(event, undefined), recoverable };
    if (!unheard.wordsLost) return onProviderError(failure);
    // It is no failure of the turn that is open: these words are another one.
    reports.providerError(failure);
    wordsLost();
  });
  session.on(voice.AgentSessionEventTypes.SpeechCreated, ({ speechHandle }) => {
    // Words that the caller typed just before hanging up arrive after it. The session would close only after the answer.
    if (isAlone(call)) speechHandle.interrupt(true);
  });
  watchLoggedFailures(call, ({ kind, stalled }, error) =>
    onProviderError({
      kind,
      label: labelOf(kind),
      recoverable: false,
      error: stalled ? timeout() : error,
    }),
  );
  return {
    finish: () => {
      turns.close();
      usage.close();
    },
    close: () => hooks.close(),
    hooks,
  };
}

/** True once the call has ended because nobody is there to hear anything. */
function isAlone({ end }: CurrentCall): boolean {
  const reason = end.outcome?.reason;
  return reason === 'caller_left' || reason === 'room_closed' || reason === 'empty_room';
}

function noAudio(): Error {
  const message = 'it gave no audio for the words of the agent: the caller heard nothing.';
  return Object.assign(new Error(message), { name: 'NoAudioError' });
}

function timeout(): Error {
  return Object.assign(new Error('it gave nothing for 10 s.'), { name: 'TimeoutError' });
}
