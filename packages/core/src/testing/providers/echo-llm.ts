import { DEFAULT_API_CONNECT_OPTIONS, delay, llm } from '@livekit/agents';
import { MAX_MS, checkFunction, checkKeys, checkWhole } from '../../base/option-checks.js';

/** Options of {@link EchoLLM}. */
export interface EchoLLMOptions {
  /**
   * Returns the reply to the text of the user. Default: `You said: <user text>`. Not called when the agent speaks
   * without a user turn, as in `generateReply({ instructions })`.
   */
  reply?: (userText: string, chatCtx: llm.ChatContext) => string;
  /** Pause before each word, in milliseconds. Default: 0, no pause. */
  tokenDelayMs?: number;
}

/**
 * A model that needs no key and no network: it repeats the text of the user, streamed word by word. Without a user
 * turn it says the last line of its instructions, which `generateReply({ instructions })` has added to them. It never
 * calls a tool.
 */
export class EchoLLM extends llm.LLM {
  readonly #reply: (userText: string, chatCtx: llm.ChatContext) => string;
  readonly #tokenDelayMs: number;

  /** All options have defaults. @throws OpenRtcError `CONFIG_INVALID_OPTION` */
  constructor(options: EchoLLMOptions = {}) {
    super();
    checkOptions(options);
    this.#reply = options.reply ?? ((userText) => `You said: ${userText}`);
    this.#tokenDelayMs = options.tokenDelayMs ?? 0;
  }

  /** The name in logs and metrics. */
  override label(): string {
    return 'openrtc.EchoLLM';
  }

  /** Always `echo`. */
  override get model(): string {
    return 'echo';
  }

  /** Always `openrtc`. */
  override get provider(): string {
    return 'openrtc';
  }

  /** Streams the answer to the last item of `chatCtx`. */
  override chat({ chatCtx, toolCtx, connOptions }: Parameters<llm.LLM['chat']>[0]): llm.LLMStream {
    return new EchoStream(this, {
      chatCtx,
      ...(toolCtx === undefined ? {} : { toolCtx }),
      connOptions: connOptions ?? DEFAULT_API_CONNECT_OPTIONS,
      answer: () => this.#answer(chatCtx),
      tokenDelayMs: this.#tokenDelayMs,
    });
  }

  #answer(chatCtx: llm.ChatContext): string {
    const userText = lastUserText(chatCtx);
    return userText === undefined ? lastInstruction(chatCtx) : this.#reply(userText, chatCtx);
  }
}

function checkOptions(options: unknown): void {
  const where = 'EchoLLM';
  checkKeys(where, options, ['reply', 'tokenDelayMs']);
  checkFunction(where, 'reply', options['reply']);
  checkWhole(where, 'tokenDelayMs', options['tokenDelayMs'], { min: 0, max: MAX_MS });
}

interface EchoStreamOptions {
  chatCtx: llm.ChatContext;
  toolCtx?: llm.ToolContextLike;
  connOptions: ConstructorParameters<typeof llm.LLMStream>[1]['connOptions'];
  answer: () => string;
  tokenDelayMs: number;
}

class EchoStream extends llm.LLMStream {
  readonly #options: EchoStreamOptions;

  constructor(echo: EchoLLM, options: EchoStreamOptions) {
    super(echo, options);
    this.#options = options;
  }

  protected override async run(): Promise<void> {
    const { signal } = this.abortController;
    const id = `echo-${crypto.randomUUID()}`;
    const words = wordsOf(this.#options.answer());
    for (const content of words) {
      if (this.#options.tokenDelayMs > 0) {
        await pause(this.#options.tokenDelayMs, signal);
      }
      if (signal.aborted || this.queue.closed) {
        return;
      }
      this.queue.put({ id, delta: { role: 'assistant', content } });
    }
    const promptTokens = wordsOf(this.chatCtx.items.map(textOf).join(' ')).length;
    this.queue.put({
      id,
      usage: {
        completionTokens: words.length,
        promptTokens,
        promptCachedTokens: 0,
        totalTokens: words.length + promptTokens,
      },
    });
  }
}

/** Ends early on abort: an interruption must not look like an unrecoverable error of the model. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return delay(ms, { signal }).catch((error: unknown) => {
    if (!signal.aborted) {
      throw error;
    }
  });
}

/** The words with the spaces around them, so that joining them gives the text again. */
function wordsOf(text: string): string[] {
  return text.match(/\s*\S+\s*/g) ?? [];
}

function textOf(item: llm.ChatItem): string {
  return item.type === 'message' ? (item.textContent ?? '') : '';
}

/** The text of the user in this turn; undefined if the agent speaks without one. */
function lastUserText(chatCtx: llm.ChatContext): string | undefined {
  const last = chatCtx.items.findLast(
    (item) =>
      item.type === 'function_call_output' ||
      (item.type === 'message' && (item.role === 'user' || item.role === 'assistant')),
  );
  if (last?.type === 'function_call_output') {
    return last.output;
  }
  return last?.type === 'message' && last.role === 'user' ? (last.textContent ?? '') : undefined;
}

function lastInstruction(chatCtx: llm.ChatContext): string {
  const system = chatCtx.items.find((item) => item.type === 'message' && item.role === 'system');
  const lines = system === undefined ? [] : textOf(system).split('\n');
  return lines.findLast((line) => line.trim() !== '')?.trim() ?? '';
}
