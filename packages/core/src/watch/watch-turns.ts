import { llm, voice } from '@livekit/agents';

import { timesOf } from '../call/session-turn.js';
import type { CurrentCall } from '../sdk/current-call.js';
import { isDeaf } from '../sdk/ended-streams.js';
import { takeAskedSpeech } from '../sdk/provider-streams.js';
import type { SaidHow, TurnTracker } from './turn-tracker.js';

type SpeechCreated = voice.SpeechCreatedEvent;

/** What else is seen in the words of a session. */
export interface TurnsWatch {
  /** Tells that words of the caller are lost, because their provider failed. */
  readonly wordsLost: () => void;
}

/**
 * Tells `tracker` what is said in a session, and which replies are generated. It sees the words of every agent of the
 * call, because the session has the events.
 * @param onNoAudio - called when the TTS gave no audio for words of the agent, and nothing is known to have failed, before
 *   `tracker` is told of them
 */
export function watchTurns(
  session: voice.AgentSession,
  tracker: TurnTracker,
  call: CurrentCall,
  onNoAudio: () => void,
): TurnsWatch {
  const { AgentSessionEventTypes: events } = voice;
  const heard = (item: llm.ChatMessage, words: string): SaidHow['heard'] => {
    const asked = takeAskedSpeech(call);
    if (!speaks(session) || item.metrics.startedSpeakingAt !== undefined) return 'yes';
    // An output may not tell when it plays. The time to the first audio tells that there was some.
    if (!asked || item.interrupted || item.metrics.ttsNodeTtfb !== undefined) return 'not_played';
    if (isSpeakable(words) && !tracker.hasFailed) onNoAudio();
    return 'no_audio';
  };
  session.on(events.ConversationItemAdded, ({ item }) => {
    if (item.type !== 'message') return;
    const words = item.textContent ?? '';
    const { metrics } = item;
    if (item.role === 'user' && words !== '')
      tracker.asked(timesOf({ endOfTurnMs: metrics.endOfTurnDelay }));
    // Blanks are no answer.
    if (item.role === 'assistant' && words.trim() !== '')
      tracker.said(
        // The SDK adds the words of a reply to the conversation also when its TTS has failed.
        { interrupted: item.interrupted, heard: heard(item, words) },
        timesOf({
          firstTokenMs: metrics.llmNodeTtft,
          firstAudioMs: metrics.ttsNodeTtfb,
          responseMs: metrics.e2eLatency,
        }),
      );
  });
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
  return watchLostWords(session, tracker, call);
}

/** Words that nobody recognises: for each speech of the caller, one of the ways to learn of it counts. */
function watchLostWords(
  session: voice.AgentSession,
  tracker: TurnTracker,
  call: CurrentCall,
): TurnsWatch {
  const { AgentSessionEventTypes: events } = voice;
  let counted: 'by_failure' | 'by_timeout' | undefined;
  const wordsLost = () => {
    if (counted !== 'by_timeout') tracker.lost('provider_error');
    counted = 'by_failure';
  };
  session.on(events.UserTranscriptionTimeout, () => {
    if (counted === undefined) tracker.unheard();
    counted ??= 'by_timeout';
  });
  session.on(events.UserStateChanged, ({ oldState, newState }) => {
    if (newState === 'speaking') counted = undefined;
    else if (oldState === 'speaking' && isDeaf(call) && !hearsItself(session)) wordsLost();
  });
  return { wordsLost };
}

/** A realtime model needs no STT. */
function hearsItself(session: voice.AgentSession): boolean {
  return (session.currentAgent.llm ?? session.llm) instanceof llm.RealtimeModel;
}

function speaks({ output }: voice.AgentSession): boolean {
  return output.audioEnabled && output.audio !== null;
}

/** True for words with a letter or a digit. A TTS may well be silent for anything else. */
function isSpeakable(words: string): boolean {
  return /[\p{L}\p{N}]/u.test(words);
}
