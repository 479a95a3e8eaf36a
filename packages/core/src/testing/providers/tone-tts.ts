import {
  type APIConnectOptions,
  DEFAULT_API_CONNECT_OPTIONS,
  tokenize,
  tts,
} from '@livekit/agents';
import { AudioFrame } from '@livekit/rtc-node';
import { MAX_MS, checkKeys, checkNumber, withoutUndefined } from '../../base/option-checks.js';

/** Options of {@link ToneTTS}. */
export interface ToneTTSOptions {
  /** Pitch in hertz. Default: 440. */
  frequencyHz?: number;
  /** Duration of each word in milliseconds. Default: 200. */
  msPerWord?: number;
  /** Maximum duration of a tone in milliseconds. Default: 4000. */
  maxMs?: number;
}

const DEFAULTS: Readonly<Required<ToneTTSOptions>> = {
  frequencyHz: 440,
  msPerWord: 200,
  maxMs: 4000,
};
const SAMPLE_RATE = 24_000;
const FRAME_MS = 100;
const AMPLITUDE = 0.3 * 0x7fff;
// Long enough to avoid a click, short enough not to be heard as a fade.
const FADE_MS = 5;

/**
 * A text-to-speech that needs no key and no network: a sine tone whose duration depends on the number of words. 24 kHz
 * mono in frames of 100 ms, produced without delay.
 */
export class ToneTTS extends tts.TTS {
  /** The name in logs and metrics. */
  readonly label = 'openrtc.ToneTTS';
  readonly #options: Required<ToneTTSOptions>;

  /** All options have defaults. @throws OpenRtcError `CONFIG_INVALID_OPTION` */
  constructor(options: ToneTTSOptions = {}) {
    super(SAMPLE_RATE, 1, { streaming: false });
    checkOptions(options);
    this.#options = { ...DEFAULTS, ...withoutUndefined(options) };
  }

  /** Always `tone`. */
  override get model(): string {
    return 'tone';
  }

  /** Always `openrtc`. */
  override get provider(): string {
    return 'openrtc';
  }

  /** The tone for `text`; no audio for a text without words. */
  override synthesize(
    text: string,
    connOptions?: APIConnectOptions,
    abortSignal?: AbortSignal,
  ): tts.ChunkedStream {
    return new ToneStream(this, text, this.#options, connOptions, abortSignal);
  }

  /** One tone per sentence, by the adapter of the SDK. */
  override stream(options?: { connOptions?: APIConnectOptions }): tts.SynthesizeStream {
    const sentences = new tokenize.basic.SentenceTokenizer();
    return new tts.StreamAdapterWrapper(this, sentences, options?.connOptions);
  }
}

class ToneStream extends tts.ChunkedStream {
  readonly label = 'openrtc.ToneTTS';
  readonly #options: Required<ToneTTSOptions>;

  constructor(
    owner: ToneTTS,
    text: string,
    options: Required<ToneTTSOptions>,
    connOptions = DEFAULT_API_CONNECT_OPTIONS,
    abortSignal?: AbortSignal,
  ) {
    super(text, owner, connOptions, abortSignal);
    this.#options = options;
  }

  protected override async run(): Promise<void> {
    const requestId = `tone-${crypto.randomUUID()}`;
    const words = this.inputText.match(/\S+/g)?.length ?? 0;
    const ms = Math.min(words * this.#options.msPerWord, this.#options.maxMs);
    const tone = sine(Math.round((ms * SAMPLE_RATE) / 1000), this.#options.frequencyHz);
    const step = (SAMPLE_RATE * FRAME_MS) / 1000;
    for (let at = 0; at < tone.length; at += step) {
      if (this.abortSignal.aborted || this.queue.closed) {
        return;
      }
      const samples = tone.slice(at, at + step);
      this.queue.put({
        requestId,
        segmentId: requestId,
        frame: new AudioFrame(samples, SAMPLE_RATE, 1, samples.length),
        final: at + step >= tone.length,
      });
    }
  }
}

function sine(length: number, frequencyHz: number): Int16Array {
  const fade = Math.min((SAMPLE_RATE * FADE_MS) / 1000, length / 2);
  return Int16Array.from({ length }, (_, at) => {
    const edge = Math.min(1, at / fade, (length - 1 - at) / fade);
    return Math.round(AMPLITUDE * edge * Math.sin((2 * Math.PI * frequencyHz * at) / SAMPLE_RATE));
  });
}

function checkOptions(options: unknown): void {
  const where = 'ToneTTS';
  checkKeys(where, options, Object.keys(DEFAULTS));
  checkNumber(where, 'frequencyHz', options['frequencyHz'], { min: 1, max: SAMPLE_RATE / 2 });
  checkNumber(where, 'msPerWord', options['msPerWord'], { min: 0, max: MAX_MS });
  checkNumber(where, 'maxMs', options['maxMs'], { min: 0, max: MAX_MS });
}
