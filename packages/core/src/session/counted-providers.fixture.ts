import { tts, type llm, type stt } from '@livekit/agents';

import { DeafVAD } from '../sdk/shared-provider.fixture.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import { ScriptedSTT } from '../testing/providers/scripted-stt.js';
import { ToneTTS } from '../testing/providers/tone-tts.js';

/** Notes what is made and closed, and lets a test wait for it. */
export class Ledger {
  made = 0;
  readonly closed: object[] = [];
  #waiting: (() => void)[] = [];

  close(provider: object): void {
    this.closed.push(provider);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Waits until this many were closed. */
  async untilClosed(count: number): Promise<void> {
    while (this.closed.length < count)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

export class CountedLLM extends EchoLLM {
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    super({ reply: (text) => `counted: ${text}` });
    this.#ledger = ledger;
    ledger.made += 1;
  }

  override async aclose(): Promise<void> {
    this.#ledger.close(this);
    await super.aclose();
  }
}

export class CountedTTS extends ToneTTS {
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    super();
    this.#ledger = ledger;
    ledger.made += 1;
  }

  override async close(): Promise<void> {
    this.#ledger.close(this);
  }
}

export class CountedSTT extends ScriptedSTT {
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    super({ script: [] });
    this.#ledger = ledger;
    ledger.made += 1;
  }

  override async close(): Promise<void> {
    this.#ledger.close(this);
  }
}

export class CountedVAD extends DeafVAD {
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    super();
    this.#ledger = ledger;
    ledger.made += 1;
  }

  override async close(): Promise<void> {
    this.#ledger.close(this);
  }
}

/** A wrapper as users write it: it closes what it wraps. */
export class WrappingTTS extends tts.TTS {
  readonly label = 'wrapping';
  readonly #inner: tts.TTS;

  constructor(inner: tts.TTS) {
    super(inner.sampleRate, inner.numChannels, { streaming: false });
    this.#inner = inner;
    inner.on('error', (error) => void this.emit('error', error));
  }

  override synthesize(...args: Parameters<tts.TTS['synthesize']>): tts.ChunkedStream {
    return this.#inner.synthesize(...args);
  }

  override stream(): tts.SynthesizeStream {
    throw new Error('it does not stream');
  }

  override async close(): Promise<void> {
    await this.#inner.close();
  }
}

/** The options of an agent or a session with a counted provider. */
export interface Provided {
  readonly llm?: llm.LLM;
  readonly tts?: tts.TTS;
  readonly stt?: stt.STT;
  readonly vad?: CountedVAD;
}

export const counted: readonly [kind: string, make: (ledger: Ledger) => Provided][] = [
  ['an LLM', (ledger) => ({ llm: new CountedLLM(ledger) })],
  ['a TTS', (ledger) => ({ tts: new CountedTTS(ledger) })],
  ['an STT', (ledger) => ({ stt: new CountedSTT(ledger) })],
  ['a VAD', (ledger) => ({ vad: new CountedVAD(ledger) })],
];
