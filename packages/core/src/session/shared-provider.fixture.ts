import {
  APIError,
  DEFAULT_API_CONNECT_OPTIONS,
  VAD,
  VADStream,
  llm,
  type stt,
  voice,
} from '@livekit/agents';

import type { IsolationStrategy } from '../launch/isolation.js';
import type { Logger } from '../logger.js';
import type { AgentPoolOptions } from '../pool/pool-options.js';
import { AgentPool } from '../pool/agent-pool.js';
import type { SessionInfo } from '../pool/agent-config.js';
import type { SessionOutcome } from '../settle/session-outcome.js';
import {
  type EmbeddedLiveKit,
  startEmbeddedLiveKit,
} from '../testing/embedded/embedded-livekit.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import { ScriptedSTT } from '../testing/providers/scripted-stt.js';

/** Keeps what was logged. */
class Lines implements Logger {
  readonly all: { level: string; message: string; fields: object }[] = [];

  readonly debug = (fields: object, message: string) => this.#keep('debug', fields, message);
  readonly info = (fields: object, message: string) => this.#keep('info', fields, message);
  readonly warn = (fields: object, message: string) => this.#keep('warn', fields, message);
  readonly error = (fields: object, message: string) => this.#keep('error', fields, message);
  readonly child = () => this;

  matching(level: string, message: RegExp): string[] {
    return this.all
      .filter((line) => line.level === level && message.test(line.message))
      .map((line) => line.message);
  }

  #keep(level: string, fields: object, message: string): void {
    this.all.push({ level, message, fields });
  }
}

/** Answers like an echo, but fails for good whenever the user says "fail". */
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

/** A speech-to-text that takes key terms and conversation turns, as some of the real ones do. */
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

/** Hears nothing; there only to be listened to. */
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

/** One ended call. */
export interface Ended {
  readonly info: SessionInfo;
  readonly outcome: SessionOutcome;
}

/** A pool that answers typed calls through an embedded endpoint, with no key and no server. */
export class TextCalls implements AsyncDisposable {
  readonly logger = new Lines();
  readonly sessions = new Map<string, voice.AgentSession>();
  readonly ended: Ended[] = [];
  readonly pool: AgentPool;
  readonly livekit: EmbeddedLiveKit;
  #running: Promise<void> = Promise.resolve();

  private constructor(livekit: EmbeddedLiveKit, options: AgentPoolOptions) {
    this.livekit = livekit;
    this.pool = new AgentPool({
      livekit,
      isolation: inProcess(),
      models: null,
      logger: this.logger,
      setup: (_ctx, session, info) => void this.sessions.set(info.jobId, session),
      observers: [{ onSessionEnd: (info, outcome) => void this.ended.push({ info, outcome }) }],
      ...options,
    });
  }

  static async start(
    options: AgentPoolOptions,
    addAgents: (pool: AgentPool) => void = (pool) => {
      pool.add('echo', EchoAgent, { greeting: 'hello' });
    },
  ): Promise<TextCalls> {
    const calls = new TextCalls(await startEmbeddedLiveKit(), options);
    addAgents(calls.pool);
    calls.#running = calls.pool.run({ processHandlers: false });
    await calls.livekit.until(({ workers }) => workers.length === 1);
    return calls;
  }

  /** A call whose greeting was taken. */
  async dial() {
    const call = await this.livekit.call();
    await call.nextReply();
    return call;
  }

  /** The session of a call. */
  session(jobId: string): voice.AgentSession {
    const session = this.sessions.get(jobId);
    if (session === undefined) throw new Error(`no session of ${jobId}`);
    return session;
  }

  /** Waits for the calls to end and closes the pool. */
  async drain(): Promise<void> {
    await this.pool.drain();
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool.close();
    await this.#running;
    await this.livekit.close();
  }
}

export class EchoAgent extends voice.Agent {
  constructor() {
    super({ instructions: 'You echo.' });
  }
}

function inProcess(): IsolationStrategy {
  return {
    name: 'in-process',
    async open(host) {
      await host.prewarm(new AbortController().signal);
      return {
        run: (ticket, signal) => host.runSession(ticket, signal),
        async [Symbol.asyncDispose]() {},
      };
    },
  };
}
