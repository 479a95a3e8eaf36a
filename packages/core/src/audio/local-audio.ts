import { voice } from '@livekit/agents';
import { AudioFrame } from '@livekit/rtc-node';
import { ReadableStream } from 'node:stream/web';

/** A microphone and a speaker, for a call whose room carries no audio. Samples are mono, signed 16-bit. */
export interface AudioDevices {
  /** Audio of the caller, at 16 kHz. The call goes on without audio input when it ends. */
  readonly microphone: AsyncIterable<Int16Array>;
  /** Plays the audio of the agent. */
  readonly speaker: Speaker;
}

/** Plays the audio of an agent. */
export interface Speaker {
  /** Sample rate of the audio that it plays, in Hz. */
  readonly sampleRate: number;
  /** Queues samples. Resolves when the speaker accepts more. */
  write(samples: Int16Array): Promise<void>;
  /** Drops the samples that have not been played yet. Called when the agent is interrupted. */
  clear(): void;
}

const MICROPHONE_RATE = 16_000;

/** Creates the audio input and output of a session from audio devices. */
export function localAudio({ microphone, speaker }: AudioDevices): {
  readonly input: voice.AudioInput;
  readonly output: voice.AudioOutput;
} {
  return { input: new MicrophoneInput(microphone), output: new SpeakerOutput(speaker) };
}

class MicrophoneInput extends voice.AudioInput {
  readonly #frames: ReadableStream<AudioFrame>;
  #attached = true;

  constructor(microphone: AsyncIterable<Int16Array>) {
    super();
    const source = microphone[Symbol.asyncIterator]();
    this.#frames = new ReadableStream<AudioFrame>({
      pull: async (controller) => {
        for (;;) {
          const { done, value } = await source.next();
          if (done === true) return controller.close();
          // Frames that arrive while the session does not listen are dropped.
          if (this.#attached)
            return controller.enqueue(new AudioFrame(value, MICROPHONE_RATE, 1, value.length));
        }
      },
      cancel: async () => {
        await source.return?.();
      },
    });
  }

  override get stream(): ReadableStream<AudioFrame> {
    return this.#frames;
  }

  override setAttached(attached: boolean): void {
    this.#attached = attached;
  }
}

/** A speaker reports no progress, so the played position is computed from the clock. */
class SpeakerOutput extends voice.AudioOutput {
  readonly #speaker: Speaker;
  /** Audio of the current speech that has been written, in milliseconds. */
  #written = 0;
  #since = 0;
  /** When the previous speech will have been played, in milliseconds of `performance.now()`. */
  #busyUntil = 0;
  #end: NodeJS.Timeout | undefined;

  constructor(speaker: Speaker) {
    super(speaker.sampleRate, undefined, { pause: false });
    this.#speaker = speaker;
  }

  override async captureFrame(frame: AudioFrame): Promise<void> {
    // A frame of the next speech: the previous one was complete.
    if (this.#end !== undefined) this.#finish(false);
    await super.captureFrame(frame);
    if (this.#written === 0) {
      this.#since = Math.max(performance.now(), this.#busyUntil);
      this.onPlaybackStarted(Date.now());
    }
    this.#written += (frame.samplesPerChannel / frame.sampleRate) * 1_000;
    await this.#speaker.write(frame.data);
  }

  override flush(): void {
    super.flush();
    if (this.#written === 0 || this.#end !== undefined) return;
    const left = this.#since + this.#written - performance.now();
    this.#end = setTimeout(() => this.#finish(false), Math.max(0, left));
  }

  override clearBuffer(): void {
    this.#speaker.clear();
    if (this.#written > 0) this.#finish(true);
  }

  #finish(interrupted: boolean): void {
    clearTimeout(this.#end);
    this.#end = undefined;
    const played = Math.max(0, performance.now() - this.#since);
    const positionMs = interrupted ? Math.min(this.#written, played) : this.#written;
    this.#busyUntil = interrupted ? 0 : this.#since + this.#written;
    this.#written = 0;
    this.onPlaybackFinished({ playbackPosition: positionMs / 1_000, interrupted });
  }
}
