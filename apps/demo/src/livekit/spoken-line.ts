import type { AudioReport, Caller, CallerProcess, LiveKitServer } from '@openrtc/test-rig';

import type { Heard, Line } from '../calls/line.js';
import type { PlannedCall } from '../calls/plan.js';

/** Long enough to be more than a click. */
const MIN_AUDIO_MS = 300;

/** Calls through a real livekit-server, with callers that speak and listen. */
export class SpokenLine implements Line {
  readonly livekit: LiveKitServer;
  readonly #callers: CallerProcess;

  constructor(server: LiveKitServer, callers: CallerProcess) {
    this.livekit = server;
    this.#callers = callers;
  }

  async call(planned: PlannedCall, greeted: () => Promise<void>): Promise<Heard> {
    const { room, number, metadata, conversation } = planned;
    const token = await this.livekit.createToken(`caller-${number}`, room);
    const dialledAt = Date.now();
    await this.livekit.createRoom(room, metadata);
    const caller = await this.#callers.join({ url: this.livekit.url, token });
    try {
      const greeting = (await caller.nextTranscript('agent')).text;
      const { startedAtMs } = await caller.waitForAudio({ fromJoin: true, minMs: MIN_AUDIO_MS });
      await greeted();
      const spoken = await caller.speak(conversation.says);
      const reply = (await caller.nextTranscript('agent')).text;
      const audio = await caller.audio();
      return {
        greeting,
        reply,
        greetingMs: startedAtMs - dialledAt,
        replyMs: replyAfter(audio, spoken.endedAtMs),
        audio: {
          heardMs: audio.heardMs,
          pitchesHz: [...new Set(audio.segments.map(({ dominantHz }) => dominantHz))],
        },
        ...(await this.#hangUp(caller)),
      };
    } catch (error) {
      await caller.hangUp();
      throw error;
    }
  }

  async #hangUp(caller: Caller): Promise<{ recordedAs?: string }> {
    await caller.hangUp();
    if (!this.livekit.hasLog) return {};
    const { jobId } = await this.livekit.assignedIn(caller.room);
    const { status, error } = await this.livekit.jobEnded(jobId);
    return { recordedAs: error === '' ? status : `${status} ${error}` };
  }
}

/** Time from the caller's last word to the first sound after it. */
function replyAfter({ segments }: AudioReport, endedAtMs: number): number {
  const reply = segments.find((segment) => segment.startedAtMs > endedAtMs);
  if (reply === undefined) throw new Error('the caller heard no sound after its words');
  return reply.startedAtMs - endedAtMs;
}
