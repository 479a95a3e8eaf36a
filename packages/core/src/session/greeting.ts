import type { voice } from '@livekit/agents';

import type { Greeting } from '../agents/agent-options.js';

/**
 * Greets the caller. A string is spoken word for word by the TTS, or sent as text when there is no audio. A realtime
 * model without TTS is asked to say the string; `{ instructions }` are phrased by the model. The greeting is queued
 * after everything that `onEnter` has queued before its first await.
 */
export function greet(
  session: voice.AgentSession,
  agent: voice.Agent,
  greeting: Greeting,
): voice.SpeechHandle {
  if (typeof greeting !== 'string')
    return session.generateReply({ instructions: greeting.instructions });
  const spoken = agent.tts ?? session.tts;
  if (spoken !== undefined || session.output.audio === null) return session.say(greeting);
  return session.generateReply({ instructions: `Say exactly this, in these words: ${greeting}` });
}
