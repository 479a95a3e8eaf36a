import { DEFAULT_API_CONNECT_OPTIONS, llm } from '@livekit/agents';
import { EchoLLM, type EchoLLMOptions } from '@openrtc/core/testing';

/** A tool call. */
export interface ToolUse {
  name: string;
  args: Record<string, unknown>;
}

/** Options of {@link ToolCallingLLM}. */
export interface ToolCallingLLMOptions extends EchoLLMOptions {
  /** The tool to call for the user's words; undefined to answer without a tool. */
  useTool: (userText: string) => ToolUse | undefined;
  /** The answer for the result of a tool; `reply` gives all other answers. */
  tell: (toolOutput: unknown) => string;
}

type ChatOptions = Parameters<llm.LLM['chat']>[0];

/** An {@link EchoLLM} that calls tools like a real model and answers with their results. */
export class ToolCallingLLM extends EchoLLM {
  readonly #useTool: ToolCallingLLMOptions['useTool'];

  constructor({ useTool, tell, reply = () => 'Pardon?', ...options }: ToolCallingLLMOptions) {
    super({
      ...options,
      reply: (text, chatCtx) =>
        chatCtx.items.at(-1)?.type === 'function_call_output'
          ? tell(JSON.parse(text))
          : reply(text, chatCtx),
    });
    this.#useTool = useTool;
  }

  override chat(options: ChatOptions): llm.LLMStream {
    const last = options.chatCtx.items.at(-1);
    const said = last?.type === 'message' && last.role === 'user' ? last.textContent : undefined;
    const use = said === undefined ? undefined : this.#useTool(said);
    return use === undefined ? super.chat(options) : new ToolCallStream(this, options, use);
  }
}

class ToolCallStream extends llm.LLMStream {
  readonly #use: ToolUse;

  constructor(owner: ToolCallingLLM, { chatCtx, toolCtx, connOptions }: ChatOptions, use: ToolUse) {
    super(owner, {
      chatCtx,
      ...(toolCtx === undefined ? {} : { toolCtx }),
      connOptions: connOptions ?? DEFAULT_API_CONNECT_OPTIONS,
    });
    this.#use = use;
  }

  protected override async run(): Promise<void> {
    if (this.queue.closed) return;
    const call = llm.FunctionCall.create({
      callId: crypto.randomUUID(),
      name: this.#use.name,
      args: JSON.stringify(this.#use.args),
    });
    this.queue.put({
      id: `tool-${call.callId}`,
      delta: { role: 'assistant', toolCalls: [call] },
    });
  }
}
