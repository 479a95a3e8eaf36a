import { APIError, DEFAULT_API_CONNECT_OPTIONS, asLanguageCode, stt } from '@livekit/agents';
import { EnergyGate } from './energy-gate.js';
import { kindOf } from '../../base/kind-of.js';
import { checkBoolean, checkKeys, invalidOption } from '../../base/option-checks.js';

/** Options of {@link ScriptedSTT}. */
export interface ScriptedSTTOptions {
  /** The transcripts, one line per utterance. */
  script: readonly string[];
  /** Start again after the last line. Default: false; later utterances have no transcript. */
  loop?: boolean;
}

/**
 * A speech-to-text that needs no key and no network. It recognizes nothing: each time speech ends in the audio, it
 * returns the next line of its script. Calls that share an object also share its lines.
 */
export class ScriptedSTT extends stt.STT {
  /** The name in logs and metrics. */
  readonly label = 'openrtc.ScriptedSTT';
  readonly #script: readonly string[];
  readonly #loop: boolean;
  #next = 0;

  /** Copies the script. @throws OpenRtcError `CONFIG_INVALID_OPTION` */
  constructor(options: ScriptedSTTOptions) {
    super({ streaming: true, interimResults: false });
    checkOptions(options);
    this.#script = [...options.script];
    this.#loop = options.loop ?? false;
  }

  /** Always `script`. */
  override get model(): string {
    return 'script';
  }

  /** Always `openrtc`. */
  override get provider(): string {
    return 'openrtc';
  }

  /** A new stream, for frames of any sample rate and channel count. */
  override stream(options?: Parameters<stt.STT['stream']>[0]): stt.SpeechStream {
    return new ScriptedStream(this, () => this.#nextLine(), options?.connOptions);
  }

  /** Always rejects with an `APIError`: it only streams. */
  protected override _recognize(): Promise<stt.SpeechEvent> {
    return Promise.reject(
      new APIError('ScriptedSTT only streams: call stream(), not recognize()', {
        retryable: false,
      }),
    );
  }

  #nextLine(): string | undefined {
    if (this.#loop && this.#next >= this.#script.length) {
      this.#next = 0;
    }
    return this.#script[this.#next++];
  }
}

function checkOptions(options: unknown): void {
  const where = 'ScriptedSTT';
  checkKeys(where, options, ['script', 'loop']);
  const { script } = options;
  if (!Array.isArray(script) || !script.every((line) => typeof line === 'string'))
    throw invalidOption(
      where,
      `script must be an array of lines, such as ['Hello.', 'Goodbye.'], got ${kindOf(script)}`,
    );
  checkBoolean(where, 'loop', options['loop']);
}

class ScriptedStream extends stt.SpeechStream {
  readonly label = 'openrtc.ScriptedSTT';
  readonly #nextLine: () => string | undefined;

  constructor(
    owner: ScriptedSTT,
    nextLine: () => string | undefined,
    connOptions = DEFAULT_API_CONNECT_OPTIONS,
  ) {
    super(owner, undefined, connOptions);
    this.#nextLine = nextLine;
  }

  protected override async run(): Promise<void> {
    const gate = new EnergyGate();
    let startedMs = 0;
    for await (const frame of this.input) {
      if (typeof frame === 'symbol') {
        continue;
      }
      for (const event of gate.push(frame)) {
        if (this.queue.closed) {
          return;
        }
        if (event.kind === 'start') {
          startedMs = event.atMs;
          this.queue.put({ type: stt.SpeechEventType.START_OF_SPEECH });
        } else {
          this.#say(startedMs, event.atMs);
        }
      }
    }
  }

  #say(startedMs: number, endedMs: number): void {
    const text = this.#nextLine();
    if (text !== undefined) {
      this.queue.put({
        type: stt.SpeechEventType.FINAL_TRANSCRIPT,
        alternatives: [
          {
            language: asLanguageCode('en'),
            text,
            startTime: this.startTimeOffset + startedMs / 1000,
            endTime: this.startTimeOffset + endedMs / 1000,
            confidence: 1,
          },
        ],
      });
    }
    this.queue.put({ type: stt.SpeechEventType.END_OF_SPEECH });
    this.queue.put({
      type: stt.SpeechEventType.RECOGNITION_USAGE,
      requestId: `script-${crypto.randomUUID()}`,
      recognitionUsage: { audioDuration: (endedMs - startedMs) / 1000 },
    });
  }
}
