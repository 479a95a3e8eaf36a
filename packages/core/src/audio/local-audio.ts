import { voice } from '@livekit/agents';
import { AudioFrame } from '@livekit/rtc-node';
import { ReadableStream } from 'node:stream/web';

/** A microphone and a speaker: what a call has that comes over no room. Samples are mono, signed 16 bit. */
export interface AudioDevices {
  /** What is said, at 16 kHz. The call hears nothing any more when it ends. */
  readonly microphone: AsyncIterable<Int16Array>;
  readonly speaker: Speaker;
}

/** Plays what an agent says. */
export interface Speaker {
  readonly sampleRate: number;
  /** Plays it after what was given before; resolves when it takes more. */
  write(samples: Int16Array): Promise<void>;
  /** Forgets what was not heard yet: the agent was interrupted. */
  clear(): void;
}

const MICROPHONE_RATE = 16_000;

/** The ears and the voice of one session. */
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
          // While the session does not listen, nothing is kept for later.
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

/** A speaker tells nothing back: what has been heard follows from the clock. */
class SpeakerOutput extends voice.AudioOutput {
  readonly #speaker: Speaker;
  /** Of the speech that is being played, in milliseconds. */
  #given = 0;
  #since = 0;
  /** When the speech before will have been heard. */
  #busyUntil = 0;
  #end: NodeJS.Timeout | undefined;

  constructor(speaker: Speaker) {
    super(speaker.sampleRate, undefined, { pause: false });
    this.#speaker = speaker;
  }

  override async captureFrame(frame: AudioFrame): Promise<void> {
    // The speech before this one is over where its last word has been given.
    if (this.#end !== undefined) this.#finish(false);
    await super.captureFrame(frame);
    if (this.#given === 0) {
      this.#since = Math.max(performance.now(), this.#busyUntil);
      this.onPlaybackStarted(Date.now());
    }
    this.#given += (frame.samplesPerChannel / frame.sampleRate) * 1_000;
    await this.#speaker.write(frame.data);
  }

  override flush(): void {
    super.flush();
    if (this.#given === 0 || this.#end !== undefined) return;
    const left = this.#since + this.#given - performance.now();
    this.#end = setTimeout(() => this.#finish(false), Math.max(0, left));
  }

  override clearBuffer(): void {
    this.#speaker.clear();
    if (this.#given > 0) this.#finish(true);
  }

  #finish(interrupted: boolean): void {
    clearTimeout(this.#end);
    this.#end = undefined;
    const played = Math.max(0, performance.now() - this.#since);
    const heard = interrupted ? Math.min(this.#given, played) : this.#given;
    this.#busyUntil = interrupted ? 0 : this.#since + this.#given;
    this.#given = 0;
    this.onPlaybackFinished({ playbackPosition: heard / 1_000, interrupted });
  }
}
