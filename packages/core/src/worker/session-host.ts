import { JobProcess } from '@livekit/agents';

import { LagGuard } from '../admit/lag-guard.js';
import type { IsolationHost, PoolSource, WorkerInference } from '../launch/isolation.js';
import type { JobTicket } from '../call/job-ticket.js';
import type { Logger } from '../base/logger.js';
import type { LoopBlock } from '../call/loop-block.js';
import { LoopWatch, type LoopWatchOptions } from '../operate/loop-watch.js';
import type { WatchdogLimits } from '../operate/watchdog-options.js';
import { currentCall } from '../sdk/current-call.js';
import { noExecutor } from '../session/job-context.js';
import { runSession } from '../session/run-session.js';
import { prepareSdk, sdkLogger } from '../sdk/prepare-sdk.js';
import type { ReportSessionEvent, SessionEvent } from '../call/session-event.js';
import type { SessionRuntime } from '../session/session-runtime.js';
import type { SharedModels } from '../session/shared-models.js';
import { defaultModels } from './default-parts.js';
import type { AgentPoolOptions } from '../options/pool-options.js';
import { inTime, runPrewarm } from './prewarm.js';

/** What a process needs to run sessions, and lends to the isolation strategy. */
export interface SessionHostOptions {
  readonly pool: AgentPoolOptions;
  readonly maxConcurrentSessions: number;
  readonly runtime: Omit<SessionRuntime, 'process' | 'models' | 'logger' | 'warnOnce'>;
  readonly source: PoolSource;
  readonly logger: Logger;
  readonly report: ReportSessionEvent;
  /** How late the event loop may be, see the pool option. */
  readonly maxEventLoopLagMs: number;
  /** Why no call should be added to those that run here; undefined: they may come again. */
  readonly onBusy: (why: string | undefined) => void;
  /** How the event loop is looked after while there are calls. */
  readonly watch?: Pick<LoopWatchOptions, 'thread'> & {
    readonly limits: WatchdogLimits;
    /** It was blocked, by no call that could be named. */
    readonly onBlock: (block: LoopBlock) => void;
  };
}

/** Runs sessions in this process, with what they share loaded once. */
export class SessionHost implements IsolationHost {
  readonly source: PoolSource;
  readonly logger: Logger;
  readonly maxConcurrentSessions: number;
  readonly inference: WorkerInference = {
    load: async (signal) => {
      // The models write to it, and there may be no session in this process that has made it.
      sdkLogger();
      await this.#loadModels(signal);
      return this.#models?.turnDetector ?? false;
    },
    run: (method, data) => (this.#models?.executor ?? noExecutor).doInference(method, data),
  };
  readonly #options: SessionHostOptions;
  readonly #process = new JobProcess();
  readonly #lag: LagGuard;
  readonly #warned = new Set<string>();
  #models: SharedModels | undefined;
  #loading: Promise<void> | undefined;
  #prewarmed: Promise<void> | undefined;
  #releaseSdk: (() => Promise<void>) | undefined;
  #watch: LoopWatch | undefined;

  constructor(options: SessionHostOptions) {
    this.#options = options;
    this.source = options.source;
    this.logger = options.logger;
    this.maxConcurrentSessions = options.maxConcurrentSessions;
    this.#lag = new LagGuard({
      maxLagMs: options.maxEventLoopLagMs,
      onChange: options.onBusy,
      logger: options.logger,
    });
  }

  /** How late the event loop of this process was, measured last; undefined while no call runs in it. */
  get eventLoopLagMs(): number | undefined {
    return this.#lag.lagMs;
  }

  prewarm(signal: AbortSignal): Promise<void> {
    this.#prewarmed ??= this.#load(signal);
    return this.#prewarmed;
  }

  async runSession(
    ticket: JobTicket,
    signal: AbortSignal,
    report: ReportSessionEvent = this.#options.report,
  ): Promise<void> {
    await this.#prewarmed;
    this.#lag.enter();
    this.#watch ??= this.#watchLoop();
    try {
      await runSession(ticket, signal, report, {
        ...this.#options.runtime,
        process: this.#process,
        models: this.#models,
        logger: this.logger,
        warnOnce: (message) => this.#warnOnce(message),
      });
    } finally {
      this.#lag.leave();
    }
  }

  report(event: SessionEvent): Promise<void> {
    return this.#options.report(event);
  }

  /** Frees what was loaded. */
  async close(): Promise<void> {
    await this.#watch?.[Symbol.asyncDispose]();
    await this.#models?.[Symbol.asyncDispose]();
    await this.#releaseSdk?.();
  }

  // From the first call on: before it there is nobody to protect. Outside of it, because it stays when the call is over.
  #watchLoop(): LoopWatch | undefined {
    const { watch } = this.#options;
    if (watch === undefined) return undefined;
    const { limits, thread } = watch;
    return new LoopWatch({
      limits,
      thread,
      currentJob: () => currentCall()?.jobId,
      onBlock: (block, jobId) => {
        if (jobId === undefined) watch.onBlock(block);
        else this.#reportBlock(block, jobId);
      },
      logger: this.logger,
    });
  }

  #reportBlock(block: LoopBlock, jobId: string): void {
    this.report({ kind: 'blocked', jobId, block }).catch((error: unknown) =>
      this.logger.warn({ error, jobId }, 'a block of the event loop could not be reported'),
    );
  }

  #warnOnce(message: string): void {
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    this.logger.warn({}, message);
  }

  async #load(signal: AbortSignal): Promise<void> {
    this.#releaseSdk = prepareSdk(this.logger);
    await this.#loadModels(signal);
    await runPrewarm(this.#options.pool.prewarm, this.#process, signal, this.logger);
  }

  #loadModels(signal: AbortSignal): Promise<void> {
    this.#loading ??= inTime(
      'Loading the models',
      async (stop) => {
        const { models } = this.#options.pool;
        const chosen =
          models === null ? undefined : (models ?? (await defaultModels(this.source.entry)));
        // What is opened after close() would stay open.
        stop.throwIfAborted();
        this.#models = chosen;
        await chosen?.load(stop);
      },
      signal,
      this.logger,
    );
    return this.#loading;
  }
}
