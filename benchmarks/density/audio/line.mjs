import { Microphone } from './microphone.mjs';
import { Speaker } from './speaker.mjs';

const RATE_KHZ = 16;
// One window of the VAD, and the frame size that the pool uses for rooms.
const FRAME_MS = 32;
const FRAME_SAMPLES = FRAME_MS * RATE_KHZ;
const FRAMES = 188;

/** Length of a turn, from the caller's first word to the next turn: about 6 s, with an answer of 2.9 s. */
export const PHASE_MS = FRAMES * FRAME_MS;

const SILENCE = new Int16Array(FRAME_SAMPLES);

/** Audio input and output of one session. */
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

  /** @param speech the caller's sentence, 16 kHz mono */
  constructor(speech) {
    this.#speech = speech;
    this.#speechMs = speech.length / RATE_KHZ;
  }

  /** Time from the caller's last word to the first sound of the answer in the latest turn; undefined without one. */
  get latencyMs() {
    return this.#answeredAt === undefined
      ? undefined
      : Math.round(this.#answeredAt - this.#spokenAt);
  }

  /** Whether it has had a turn: a session that has not uses less memory. */
  get hasTalked() {
    return this.#turns > 0;
  }

  /** Length of all audio heard so far. */
  get heardMs() {
    return (this.#heardBefore + this.#heard) * FRAME_MS;
  }

  begin(at) {
    this.#startedAt = at;
    this.#heardBefore += this.#heard;
    this.#heard = 0;
    this.#answeredAt = undefined;
  }

  /** Passes on the frames that are due; false when the turn is over. */
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

  /** A copy, like every frame from a room. */
  #frame(index) {
    const frame = SILENCE.slice();
    frame.set(this.#speech.subarray(index * FRAME_SAMPLES, (index + 1) * FRAME_SAMPLES));
    return frame;
  }

  #onAnswer(now) {
    if (now > this.#spokenAt) this.#answeredAt ??= now;
  }
}
