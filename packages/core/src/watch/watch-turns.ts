import { voice } from '@livekit/agents';

import { timesOf } from '../call/session-turn.js';
import type { TurnTracker } from './turn-tracker.js';

type SpeechCreated = voice.SpeechCreatedEvent;

/**
 * Tells `tracker` what is said in a session, and which replies are generated. It sees the words of every agent of the
 * call, because the session has the events.
 */
export function watchTurns(session: voice.AgentSession, tracker: TurnTracker): void {
  const { AgentSessionEventTypes: events } = voice;
  session.on(events.ConversationItemAdded, ({ item }) => {
    if (item.type !== 'message' || (item.textContent ?? '') === '') return;
    const { metrics } = item;
    if (item.role === 'user') tracker.asked(timesOf({ endOfTurnMs: metrics.endOfTurnDelay }));
    if (item.role === 'assistant')
      tracker.said(
        // The SDK adds the words of a reply to the conversation also when its TTS has failed.
        {
          interrupted: item.interrupted,
          heard: !speaks(session) || metrics.startedSpeakingAt !== undefined,
        },
        timesOf({
          firstTokenMs: metrics.llmNodeTtft,
          firstAudioMs: metrics.ttsNodeTtfb,
          responseMs: metrics.e2eLatency,
        }),
      );
  });
  session.on(events.UserTranscriptionTimeout, () => tracker.unheard());
  session.on(events.SpeechCreated, ({ source, userInitiated, speechHandle }: SpeechCreated) => {
    if (source === 'say') return;
    tracker.replyBegan(speechHandle, !userInitiated && source === 'generate_reply');
    speechHandle.addDoneCallback(() => tracker.replyEnded(speechHandle));
  });
  session.on(events.MetricsCollected, ({ metrics }) => {
    // A realtime model reports the time to its first token only here; -1 stands for none.
    if (metrics.type === 'realtime_model_metrics')
      tracker.firstToken(timesOf({ firstTokenMs: metrics.ttftMs / 1_000 }));
  });
}

function speaks({ output }: voice.AgentSession): boolean {
  return output.audioEnabled && output.audio !== null;
}
