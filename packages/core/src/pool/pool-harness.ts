import { initializeLogger, voice } from '@livekit/agents';

import { type ErrorCode, OpenRtcError } from '../base/errors.js';
import type { IsolationStrategy } from '../launch/isolation-strategy.js';
import { LogBook } from '../base/log-book.js';
import type { SessionInfo } from '../call/call.js';
import type { SessionObserver } from '../settle/session-observer.js';
import type { SessionResult } from '../call/session-result.js';
import type { EmbeddedCall } from '../testing/embedded/embedded-call.js';
import {
  type EmbeddedLiveKit,
  startEmbeddedLiveKit,
} from '../testing/embedded/embedded-livekit.js';
import type {
  EmbeddedCallerOptions,
  EmbeddedLiveKitOptions,
} from '../testing/embedded/embedded-options.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import { AgentPool } from './agent-pool.js';
import type { AgentPoolOptions } from '../options/pool-options.js';
import type { RunOptions } from '../options/run-options.js';

/** Runs every call in this process, as `coroutine()` does, whose package core cannot import. */
export function inProcess(): IsolationStrategy {
  return {
    name: 'in-process',
    async open(host, signal) {
      await host.prewarm(signal);
      return {
        run: (ticket, signal) => host.runSession(ticket, signal),
        async [Symbol.asyncDispose]() {},
      };
    },
  };
}

/** A strategy that opens as `inner` does, and cannot be closed. */
export function unclosable(error: unknown, inner = inProcess()): IsolationStrategy {
  return {
    name: 'unclosable',
    open: async (host, signal) => ({
      ...(await inner.open(host, signal)),
      [Symbol.asyncDispose]: () => Promise.reject(error),
    }),
  };
}

/** The same as {@link inProcess}, but a call of an agent whose name begins with `bad` ends with an error of this code. */
export function failing(code: ErrorCode): IsolationStrategy {
  const inner = inProcess();
  return {
    name: 'failing',
    async open(host, signal) {
      const isolation = await inner.open(host, signal);
      return {
        ...isolation,
        run: (ticket, hangUp) =>
          ticket.info.agent.startsWith('bad')
            ? Promise.reject(new OpenRtcError(code, 'broken'))
            : isolation.run(ticket, hangUp),
      };
    },
  };
}

/** Answers `You said: …`, or with a name instead of `You`. */
export class EchoAgent extends voice.Agent {
  constructor(name = 'You') {
    super({ instructions: '', llm: new EchoLLM({ reply: (text) => `${name} said: ${text}` }) });
  }
}

/** Remembers what observers are told, and lets a test wait for it. */
export class Ends implements SessionObserver {
  readonly started: SessionInfo[] = [];
  readonly all: { readonly info: SessionInfo; readonly outcome: SessionResult }[] = [];
  #waiting: (() => void)[] = [];

  onSessionStart(info: SessionInfo): void {
    this.started.push(info);
    this.#wake();
  }

  onSessionEnd(info: SessionInfo, outcome: SessionResult): void {
    this.all.push({ info, outcome });
    this.#wake();
  }

  /** Waits until a call has ended, and returns its outcome. */
  async of(jobId: string): Promise<SessionResult> {
    for (;;) {
      const end = this.all.find(({ info }) => info.jobId === jobId);
      if (end !== undefined) return end.outcome;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

/** An embedded LiveKit and the pools of one test. */
export class PoolHarness {
  readonly livekit: EmbeddedLiveKit;
  readonly log = new LogBook();
  readonly ends = new Ends();
  readonly #pools: { readonly pool: AgentPool; readonly running: Promise<void> | undefined }[] = [];

  private constructor(livekit: EmbeddedLiveKit) {
    this.livekit = livekit;
  }

  static async start(options?: EmbeddedLiveKitOptions): Promise<PoolHarness> {
    initializeLogger({ pretty: false, level: 'silent' });
    return new PoolHarness(await startEmbeddedLiveKit(options));
  }

  /** Options that connect a pool to this endpoint. */
  options(options: AgentPoolOptions = {}): AgentPoolOptions {
    const { url, apiKey, apiSecret } = this.livekit;
    return {
      isolation: inProcess(),
      models: null,
      logger: this.log,
      // Only the tests of these enable them.
      introspection: false,
      watchdog: false,
      observers: [this.ends],
      livekit: { url, apiKey, apiSecret },
      ...options,
    };
  }

  /** Starts a pool, with an echoing agent unless the options have others. */
  start(options: AgentPoolOptions = {}, run: RunOptions = {}) {
    const pool = new AgentPool(
      this.options({ agents: { echo: () => new EchoAgent() }, ...options }),
    );
    const running = pool.run({ processHandlers: false, ...run });
    this.#pools.push({ pool, running });
    // A test that expects the run to fail checks that itself.
    running.catch(() => {});
    return { pool, running };
  }

  /** Starts a pool, and waits until it has registered with the endpoint. */
  async registered(options: AgentPoolOptions = {}, run: RunOptions = {}) {
    const known = this.livekit.workers.length;
    const started = this.start(options, run);
    await Promise.race([
      this.livekit.until(({ workers }) => workers.length > known),
      started.running,
    ]);
    await this.log.until('registered with LiveKit');
    return started;
  }

  /** Calls, and waits for the greeting. */
  async dial(options?: EmbeddedCallerOptions): Promise<EmbeddedCall> {
    const call = await this.livekit.call(options);
    await call.nextReply();
    return call;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#pools.map(({ pool }) => pool.close()));
    await this.livekit.close();
  }
}
