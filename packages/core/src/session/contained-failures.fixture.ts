import { llm, stt, voice } from '@livekit/agents';
import { z } from 'zod';

import { EchoLLM } from '../testing/providers/echo-llm.js';

/** The words with which a caller causes the failure; everything else is answered. */
export const NOW = 'now';

/** Throws any value, as JavaScript allows. */
export function raise(value: unknown): never {
  throw value;
}

/** The failure. */
export const boom = (): never => {
  throw new Error('boom');
};

type ChatOptions = Parameters<EchoLLM['chat']>[0];

/** Echoes, and calls its one tool when the caller says {@link NOW}. */
export class ToolCallingLLM extends EchoLLM {
  override chat(options: ChatOptions): llm.LLMStream {
    const last = options.chatCtx.items.at(-1);
    return last?.type === 'message' && last.role === 'user' && last.textContent === NOW
      ? new ToolCallStream(this, options)
      : super.chat(options);
  }
}

class ToolCallStream extends llm.LLMStream {
  constructor(model: llm.LLM, { chatCtx, toolCtx, connOptions }: ChatOptions) {
    super(model, {
      chatCtx,
      ...(toolCtx === undefined ? {} : { toolCtx }),
      connOptions: connOptions ?? { maxRetry: 0, retryIntervalMs: 0, timeoutMs: 1_000 },
    });
  }

  protected override async run(): Promise<void> {
    const toolCalls = [llm.FunctionCall.create({ callId: 'call_1', name: 'act', args: '{}' })];
    this.queue.put({ id: 'tool', delta: { role: 'assistant', toolCalls } });
  }
}

function act(execute: () => unknown) {
  const tool = llm.tool({
    description: 'Does something.',
    parameters: z.object({}),
    execute: async () => execute(),
  });
  return { llm: new ToolCallingLLM(), tools: { act: tool } };
}

/** Greets, and then echoes. */
export class Talker extends voice.Agent {
  constructor(options: Partial<voice.AgentOptions<unknown>> = {}) {
    super({ instructions: '', llm: new EchoLLM(), ...options });
  }

  override async onEnter(): Promise<void> {
    this.session.say('Here.');
  }
}

/** Its tool does this when the caller says {@link NOW}. */
export function withTool(execute: () => unknown): voice.Agent {
  return new Talker(act(execute));
}

/** A failure that the agent's own code causes. */
export function withAccident(accident: () => void): voice.Agent {
  return new Talker({
    llm: new EchoLLM({
      reply: (text) => {
        if (text === NOW) accident();
        return `You said: ${text}`;
      },
    }),
  });
}

/** The same without a greeting. */
export function quietWithTool(execute: () => unknown): voice.Agent {
  return new voice.Agent({ instructions: '', ...act(execute) });
}

/** Hands the call over when the caller says {@link NOW}. */
export function handingOver(next: () => voice.Agent): voice.Agent {
  return quietWithTool(() => llm.handoff({ agent: next() }));
}

/** Hands the call to the next agent when the caller says something, without an answer. */
function steppingAside(next: () => voice.Agent): voice.Agent {
  const reply = () => {
    agent.session.updateAgent(next());
    return '';
  };
  const agent: voice.Agent = new voice.Agent({ instructions: '', llm: new EchoLLM({ reply }) });
  return agent;
}

/** How a call reaches the agent that fails, and whether the caller has to say {@link NOW} for it. */
type Way = (agent: () => voice.Agent) => () => voice.Agent;

export const ways: readonly [where: string, from: Way, byHandOff: boolean][] = [
  ['in the first agent', (agent) => agent, false],
  ['in an agent reached by llm.handoff()', (agent) => () => handingOver(agent), true],
  ['in an agent reached by session.updateAgent()', (agent) => () => steppingAside(agent), true],
];

/** Treats typed words as recognised speech, so that they go through the nodes and hooks of a spoken turn. */
export class Listener extends Talker {
  #hear: ((text: string) => void) | undefined;

  constructor() {
    super({ stt: new SilentSTT() });
  }

  override async sttNode(): ReturnType<voice.Agent['sttNode']> {
    return new ReadableStream<stt.SpeechEvent>({
      start: (controller) => {
        this.#hear = (text) =>
          controller.enqueue({
            type: stt.SpeechEventType.FINAL_TRANSCRIPT,
            alternatives: [
              { language: 'en' as never, text, startTime: 0, endTime: 1, confidence: 1 },
            ],
          });
      },
    });
  }

  hear(text: string): void {
    this.#hear?.(text);
  }
}

/** For the pool option `defaults.roomInput`, together with a {@link Listener}. */
export function hearWhatIsTyped(session: voice.AgentSession, event: { text: string }): void {
  const agent = session.currentAgent;
  if (!(agent instanceof Listener)) {
    session.generateReply({ userInput: event.text });
    return;
  }
  agent.hear(event.text);
  // The transcript still passes through a stream.
  setTimeout(() => session.commitUserTurn(), 20);
}

/** For agents with their own speech recognition. */
export class SilentSTT extends stt.STT {
  readonly label = 'silent';

  constructor() {
    super({ streaming: true, interimResults: false });
  }

  protected override _recognize(): Promise<stt.SpeechEvent> {
    return Promise.reject(new Error('only streams'));
  }

  override stream(): stt.SpeechStream {
    throw new Error('the agent hears for itself');
  }
}

/** An audio output that discards all audio at once. */
export class NoSpeaker extends voice.AudioOutput {
  override async captureFrame(...[frame]: Parameters<voice.AudioOutput['captureFrame']>) {
    await super.captureFrame(frame);
  }

  override flush(): void {
    super.flush();
    this.onPlaybackFinished({ playbackPosition: 0, interrupted: false });
  }

  override clearBuffer(): void {
    this.onPlaybackFinished({ playbackPosition: 0, interrupted: true });
  }
}

/** An instance of Error that throws when it is read. */
export function unreadable(): Error {
  const error = new Error('boom');
  // Node 20 reads the message when it first builds the stack, which would be during the redefinition.
  void error.stack;
  return Object.defineProperties(error, Object.getOwnPropertyDescriptors(hostile));
}

/** Throws on any access. */
export const hostile: object = Object.defineProperties(
  {},
  Object.fromEntries(
    ['message', 'stack', 'code', 'cause', 'name', 'constructor'].map((name) => [
      name,
      {
        enumerable: true,
        get: () => {
          throw new Error('hands off');
        },
      },
    ]),
  ),
);
