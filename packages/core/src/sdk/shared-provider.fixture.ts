import {
  APIError,
  DEFAULT_API_CONNECT_OPTIONS,
  VAD,
  VADStream,
  llm,
  type stt,
  voice,
} from '@livekit/agents';

import { EchoLLM } from '../testing/providers/echo-llm.js';
import { ScriptedSTT } from '../testing/providers/scripted-stt.js';

/** Echoes, but fails with an error that cannot be retried whenever the user says "fail". */
export class FailingLLM extends EchoLLM {
  override chat(options: Parameters<EchoLLM['chat']>[0]): llm.LLMStream {
    const last = options.chatCtx.items.at(-1);
    const said = last?.type === 'message' ? last.textContent : undefined;
    if (said !== 'fail') return super.chat(options);
    return new FailingStream(this, {
      chatCtx: options.chatCtx,
      connOptions: options.connOptions ?? DEFAULT_API_CONNECT_OPTIONS,
    });
  }
}

class FailingStream extends llm.LLMStream {
  protected override run(): Promise<void> {
    return Promise.reject(new APIError('the model is gone', { retryable: false }));
  }
}

/** A speech-to-text that accepts key terms and conversation turns, as some of the real ones do. */
export class BiasedSTT extends ScriptedSTT {
  readonly keyterms: string[][] = [];
  readonly turns: string[] = [];
  // A provider with private fields breaks behind a proxy.
  readonly #open = true;

  constructor() {
    super({ script: [] });
  }

  override get capabilities(): stt.STTCapabilities {
    return { streaming: this.#open, interimResults: false, keyterms: true, chatContext: true };
  }

  override _updateSessionKeyterms(keyterms: string[]): void {
    if (this.#open) this.keyterms.push(keyterms);
  }

  override _pushConversationItem({ item }: voice.ConversationItemAddedEvent): void {
    if (item.type === 'message') this.turns.push(item.textContent ?? '');
  }
}

/** A VAD that detects nothing; tests add listeners to it. */
export class DeafVAD extends VAD {
  readonly label = 'deaf';

  constructor() {
    super({ updateInterval: 32 });
  }

  override stream(): VADStream {
    return new DeafStream(this);
  }
}

class DeafStream extends VADStream {}

/** An agent without a provider of its own. */
export class PlainAgent extends voice.Agent {
  constructor() {
    super({ instructions: 'You echo.' });
  }
}
