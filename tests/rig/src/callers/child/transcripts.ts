import type { Room, TextStreamReader } from '@livekit/rtc-node';
import { nowMs } from '../../audio/format.js';
import type { Transcript } from '../protocol.js';

/** Topic of transcripts in LiveKit Agents. */
const TRANSCRIPTION_TOPIC = 'lk.transcription';
/** Topic of typed messages. */
export const CHAT_TOPIC = 'lk.chat';

const FINAL = 'lk.transcription_final';
const SEGMENT_ID = 'lk.segment_id';
const TRANSCRIBED_TRACK = 'lk.transcribed_track_id';

/**
 * Reads the transcript streams of a call.
 *
 * The agent sends its own words as one stream of pieces per segment, which is complete when the stream ends. Its `final`
 * attribute stays 'false', because it is sent with the first piece. What the agent understood of the caller comes as one
 * stream per version, of which only the final one counts. These streams name the caller as their sender, or the caller's
 * track as the one transcribed.
 */
export class Transcripts {
  readonly #ownTrackId: () => string | undefined;
  readonly #onTranscript: (transcript: Transcript) => void;
  readonly #agentSegments = new Set<string>();

  constructor(
    room: Room,
    ownTrackId: () => string | undefined,
    onTranscript: (transcript: Transcript) => void,
  ) {
    this.#ownTrackId = ownTrackId;
    this.#onTranscript = onTranscript;
    room.registerTextStreamHandler(TRANSCRIPTION_TOPIC, (reader, { identity }) => {
      void this.#take(reader, identity, identity === room.localParticipant?.identity);
    });
  }

  async #take(reader: TextStreamReader, identity: string, ownIdentity: boolean): Promise<void> {
    const startedAtMs = nowMs();
    const attributes = reader.info.attributes ?? {};
    const trackId = attributes[TRANSCRIBED_TRACK];
    const ownTrack = trackId !== undefined && trackId === this.#ownTrackId();
    const from = ownIdentity || ownTrack ? 'user' : 'agent';
    const segmentId = attributes[SEGMENT_ID] ?? reader.info.streamId;

    const { text, complete } = await readText(reader);
    if (from === 'user' && attributes[FINAL] !== 'true') return;
    if (from === 'agent') {
      // An agent that sends versions instead of pieces sends the same segment again.
      if (this.#agentSegments.has(segmentId)) return;
      this.#agentSegments.add(segmentId);
    }
    this.#onTranscript({
      from,
      text,
      identity,
      segmentId,
      complete,
      startedAtMs,
      endedAtMs: nowMs(),
    });
  }
}

/** Reads a text stream to its end; keeps the text of an interrupted one. */
export async function readText(
  reader: TextStreamReader,
): Promise<{ text: string; complete: boolean }> {
  let text = '';
  try {
    for await (const piece of reader) text += piece;
    return { text, complete: true };
  } catch (error) {
    process.stderr.write(`caller: a text stream broke off: ${String(error)}\n`);
    return { text, complete: false };
  }
}
