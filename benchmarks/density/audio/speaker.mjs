import { voice } from '@livekit/agents';

const SAMPLE_RATE = 24_000;
// Like the SDK's output to a room, which buffers no more than this.
const AHEAD_MS = 200;

/** Audio output of a session without a room: takes audio at the pace of playback and reports when it starts. */
export class Speaker extends voice.AudioOutput {
  #onStart;
  #segment;
  #wake = () => {};

  /** @param onStart called with the time of the first sound of each answer */
  constructor(onStart) {
    super(SAMPLE_RATE);
    this.#onStart = onStart;
  }

  async captureFrame(frame) {
    await super.captureFrame(frame);
    const now = performance.now();
    if (this.#segment === undefined) {
      this.#segment = { startedAt: now, ms: 0 };
      this.onPlaybackStarted(Date.now());
      this.#onStart(now);
    }
    const segment = this.#segment;
    segment.ms += (frame.samplesPerChannel * 1_000) / frame.sampleRate;
    const aheadMs = segment.startedAt + segment.ms - now - AHEAD_MS;
    if (aheadMs > 0) await this.#sleep(aheadMs);
  }

  flush() {
    super.flush();
    const segment = this.#segment;
    if (segment === undefined || segment.ends !== undefined) return;
    const leftMs = segment.startedAt + segment.ms - performance.now();
    segment.ends = setTimeout(() => this.#finish(segment, segment.ms, false), Math.max(0, leftMs));
  }

  clearBuffer() {
    super.flush();
    const segment = this.#segment;
    if (segment === undefined) return;
    clearTimeout(segment.ends);
    this.#wake();
    this.#finish(segment, Math.min(segment.ms, performance.now() - segment.startedAt), true);
  }

  #finish(segment, playedMs, interrupted) {
    if (this.#segment === segment) this.#segment = undefined;
    this.onPlaybackFinished({ playbackPosition: playedMs / 1_000, interrupted });
  }

  #sleep(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
