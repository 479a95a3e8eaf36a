import { Microphone } from './microphone.mjs';
import { Speaker } from './speaker.mjs';

const RATE_KHZ = 16;
// One window of the VAD, and what the pool takes from a room.
const FRAME_MS = 32;
const FRAME_SAMPLES = FRAME_MS * RATE_KHZ;
const FRAMES = 188;

/** How long a turn is, from the caller's first word to the next: about 6 s, of which the answer takes 2.9. */
export const PHASE_MS = FRAMES * FRAME_MS;

const SILENCE = new Int16Array(FRAME_SAMPLES);

/** What one session hears and says. */
export class Line {
  microphone = new Microphone();
  speaker = new Speaker((now) => this.#onAnswer(now));
  #speech;
  #speechMs;
  #startedAt = 0;
  #heard = 0;
  #answeredAt;
  #turns = 0;
  #heardBefore = 0;

  /** @param speech what the caller says each time, 16 kHz mono */
  constructor(speech) {
    this.#speech = speech;
    this.#speechMs = speech.length / RATE_KHZ;
  }

  /** From the caller's last word to the answer's first sound, of the turn begun last; undefined without one. */
  get latencyMs() {
    return this.#answeredAt === undefined
      ? undefined
      : Math.round(this.#answeredAt - this.#spokenAt);
  }

  /** It has had a turn, so that it holds what a session holds that is in use. */
  get hasTalked() {
    return this.#turns > 0;
  }

  /** How much it has heard in all. */
  get heardMs() {
    return (this.#heardBefore + this.#heard) * FRAME_MS;
  }

  begin(at) {
    this.#startedAt = at;
    this.#heardBefore += this.#heard;
    this.#heard = 0;
    this.#answeredAt = undefined;
  }

  /** Hears what is due; false when the turn is over. */
  advance(now) {
    const due = Math.min(FRAMES, Math.floor((now - this.#startedAt) / FRAME_MS));
    for (; this.#heard < due; this.#heard += 1) this.microphone.hear(this.#frame(this.#heard));
    if (this.#heard < FRAMES) return true;
    this.#turns += 1;
    return false;
  }

  get #spokenAt() {
    return this.#startedAt + this.#speechMs;
  }

  /** A copy, as every frame from a room is. */
  #frame(index) {
    const frame = SILENCE.slice();
    frame.set(this.#speech.subarray(index * FRAME_SAMPLES, (index + 1) * FRAME_SAMPLES));
    return frame;
  }

  #onAnswer(now) {
    if (now > this.#spokenAt) this.#answeredAt ??= now;
  }
}
