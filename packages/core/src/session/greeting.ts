import type { voice } from '@livekit/agents';
import { RoomEvent } from '@livekit/rtc-node';

import type { Greeting } from '../agents/agent-options.js';
import type { CurrentCall } from '../sdk/current-call.js';
import { callerIn } from '../watch/room-watch.js';

/**
 * Greets the caller, once there is one. The SDK keeps a voice until somebody has subscribed to it, but it sends the text
 * of an agent without a voice at once: to an empty room, when the caller takes longer to join than the agent.
 * @param participant - identity of the participant, when the job is for one
 */
export function greetCaller(
  { ctx, end, logger }: CurrentCall,
  participant: string | undefined,
  ...[session, agent, greeting]: Parameters<typeof greet>
): void {
  const { room } = ctx;
  const isThere = () => callerIn(room, participant);
  if (session.output.audio !== null || isThere()) {
    greet(session, agent, greeting);
    return;
  }
  const onConnected = (): void => {
    if (!isThere()) return;
    stop();
    try {
      greet(session, agent, greeting);
    } catch (error) {
      // A session that is being closed takes no more speech.
      logger.warn({ error }, 'the caller was not greeted');
    }
  };
  const stop = (): void => void room.off(RoomEvent.ParticipantConnected, onConnected);
  room.on(RoomEvent.ParticipantConnected, onConnected);
  void end.reached.then(stop);
}

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
