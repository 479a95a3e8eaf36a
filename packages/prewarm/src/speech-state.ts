import type { inference } from '@livekit/agents';

/** The durations and thresholds of the SDK's VAD that decide about speech. */
export type SpeechOptions = Pick<
  inference.VADOptions,
  'activationThreshold' | 'deactivationThreshold' | 'minSpeechDuration' | 'minSilenceDuration'
>;

/** A change between speech and silence. `ended`: with the duration of the speech in milliseconds. */
export type SpeechChange =
  | { readonly kind: 'started' }
  | { readonly kind: 'ended'; readonly speechMs: number };

/** Decides for each window, as the SDK does, whether somebody speaks. All durations are in milliseconds. */
export class SpeechState {
  /** True between the start and the end of an utterance. */
  speaking = false;
  /** Duration of the current utterance. */
  speechMs = 0;
  /** Duration of the current silence. */
  silenceMs = 0;
  /** Samples that were judged. */
  samples = 0;
  /** Duration of the audio that was judged. */
  timestamp = 0;
  /** Duration of the windows above the threshold in a row. */
  rawSpeechMs = 0;
  /** Duration of the windows below the threshold in a row. */
  rawSilenceMs = 0;

  /** True while there is no speech, not even a possible start of it. */
  get quiet(): boolean {
    return !this.speaking && this.rawSpeechMs === 0;
  }

  /** Counts the audio of one window, before {@link judge}. */
  advance(samples: number, ms: number): void {
    this.samples += samples;
    this.timestamp += ms;
    if (this.speaking) this.speechMs += ms;
    else this.silenceMs += ms;
  }

  /**
   * Judges one window of `ms` milliseconds.
   * @param probability - that it contains speech, 0 to 1
   * @returns the change, if there is one
   */
  judge(probability: number, ms: number, options: SpeechOptions): SpeechChange | undefined {
    const isSpeech =
      probability >= options.activationThreshold ||
      (this.speaking && probability > options.deactivationThreshold);
    if (isSpeech) {
      this.rawSpeechMs += ms;
      this.rawSilenceMs = 0;
      if (this.speaking || this.rawSpeechMs < options.minSpeechDuration) return undefined;
      this.speaking = true;
      this.silenceMs = 0;
      this.speechMs = this.rawSpeechMs;
      return { kind: 'started' };
    }
    this.rawSilenceMs += ms;
    this.rawSpeechMs = 0;
    if (!this.speaking || this.rawSilenceMs < options.minSilenceDuration) return undefined;
    this.speaking = false;
    this.silenceMs = this.rawSilenceMs;
    const speechMs = Math.max(0, this.speechMs - this.rawSilenceMs);
    return { kind: 'ended', speechMs };
  }
}
