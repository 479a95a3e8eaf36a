import { llm } from '@livekit/agents';
import { AudioFrame } from '@livekit/rtc-node';

/** A realtime model without a network: it echoes typed words as text and 100 ms of silence. */
export class EchoRealtime extends llm.RealtimeModel {
  readonly model = 'echo-realtime';

  constructor() {
    super({
      messageTruncation: false,
      turnDetection: false,
      userTranscription: false,
      autoToolReplyGeneration: false,
      audioOutput: true,
      manualFunctionCalls: false,
      midSessionChatCtxUpdate: true,
      midSessionInstructionsUpdate: true,
      midSessionToolsUpdate: true,
    });
  }

  override session(): llm.RealtimeSession {
    return new EchoSession(this);
  }

  override async close(): Promise<void> {}
}

class EchoSession extends llm.RealtimeSession {
  chatCtx = llm.ChatContext.empty();
  tools = llm.ToolContext.empty();

  override async updateChatCtx(chatCtx: llm.ChatContext): Promise<void> {
    this.chatCtx = chatCtx;
  }

  override async updateTools(tools: llm.ToolContext): Promise<void> {
    this.tools = tools;
  }

  override async generateReply(): Promise<llm.GenerationCreatedEvent> {
    const last = this.chatCtx.items.findLast(
      (item) => item.type === 'message' && item.role === 'user',
    );
    const said = last?.type === 'message' ? last.textContent : undefined;
    const message: llm.MessageGeneration = {
      messageId: crypto.randomUUID(),
      textStream: streamOf(`You said: ${said ?? ''}`),
      audioStream: streamOf(AudioFrame.create(24_000, 1, 2_400)),
      modalities: Promise.resolve(['text', 'audio']),
    };
    return {
      messageStream: streamOf(message),
      functionStream: streamOf<llm.FunctionCall>(),
      userInitiated: true,
    };
  }

  override async updateInstructions(): Promise<void> {}
  override updateOptions(): void {}
  override pushAudio(): void {}
  override async commitAudio(): Promise<void> {}
  override async clearAudio(): Promise<void> {}
  override async interrupt(): Promise<void> {}
  override async truncate(): Promise<void> {}
}

/** A stream of these. */
export function streamOf<T>(...items: T[]): ReadableStream<T> {
  return new ReadableStream<T>({
    start: (controller) => {
      for (const item of items) controller.enqueue(item);
      controller.close();
    },
  });
}
