import { JobProcess } from '@livekit/agents';

import { LagGuard } from '../admit/lag-guard.js';
import type { CodeChange } from '../call/code-change.js';
import type {
  IsolationHost,
  PoolSource,
  PreparedChange,
  WorkerInference,
} from '../launch/isolation-strategy.js';
import type { AgentConfig } from '../agents/agent-options.js';
import type { HangUpSignal } from '../call/hang-up.js';
import type { JobTicket } from '../call/job-ticket.js';
import { everyStep } from '../base/every-step.js';
import type { Logger } from '../base/logger.js';
import type { ModelMemory } from '../call/model-memory.js';
import type { LoopBlock } from '../call/loop-block.js';
import { LoopWatch, type LoopWatchOptions } from '../operate/loop-watch.js';
import type { WatchdogLimits } from '../operate/watchdog-options.js';
import { currentCall } from '../sdk/current-call.js';
import { noExecutor } from '../session/job-context.js';
import { LiveSessions } from '../session/live-sessions.js';
import { runSession } from '../session/run-session.js';
import { ProcessCode } from './process-code.js';
import { prepareSdk } from '../sdk/patches.js';
import { sdkLogger } from '../sdk/sdk-logger.js';
import type { ReportSessionEvent, SessionEvent } from '../call/session-event.js';
import type { SessionRuntime } from '../session/session-runtime.js';
import type { SharedModels } from '../session/shared-models.js';
import { defaultModels } from './default-parts.js';
import { inTime, runPrewarm } from './prewarm.js';
import { reportingWith } from './session-reports.js';
import type { ProcessOptions } from './worker-options.js';

/** Options of {@link SessionHost}. */
export interface SessionHostOptions extends Pick<
  ProcessOptions,
  'pool' | 'resolved' | 'registry' | 'tenants' | 'source' | 'loader' | 'logger'
> {
  /** Receives the events of the sessions. */
  readonly report: ReportSessionEvent;
  /** Called with the reason when this process should get no more calls, and with undefined when it may again. */
  readonly onBusy: (why: string | undefined) => void;
  /** Decides whether models fit into the memory of the worker. Undefined in a process that runs calls for another. */
  readonly memory?: ModelMemory & { freeBytes(): number | undefined };
  /** How the event loop is watched while there are calls. Undefined: it is not watched. */
  readonly watch:
    | (Pick<LoopWatchOptions, 'thread'> & {
        readonly limits: WatchdogLimits;
        /** Called when the event loop was blocked and no call can be named. */
        readonly onBlock: (block: LoopBlock) => void;
      })
    | undefined;
  /** Devices for calls whose room carries no audio. Default: none. */
  readonly audioDevices?: SessionRuntime['audioDevices'];
  /** LiveKit API key and secret. Undefined in a process that does not have them. */
  readonly credentials: SessionRuntime['credentials'];
}

/** Runs sessions in this process. Everything that they share is loaded once. */
export class SessionHost implements IsolationHost {
  readonly source: PoolSource;
  readonly logger: Logger;
  readonly maxConcurrentSessions: number;
  readonly inference: WorkerInference = {
    load: async (signal) => {
      // The models log to it, and there may be no session in this process that has created it.
      sdkLogger();
      await this.#loadModels(signal);
      return this.#models?.turnDetector ?? false;
    },
    run: (method, data) => (this.#models?.executor ?? noExecutor).doInference(method, data),
  };
  readonly #options: SessionHostOptions;
  readonly #process = new JobProcess();
  readonly #lag: LagGuard;
  readonly #live = new LiveSessions();
  /** The code of the agents in this process. */
  readonly code: ProcessCode;
  readonly #running = new Set<string>();
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
    this.maxConcurrentSessions = options.resolved.maxConcurrentSessions;
    this.code = new ProcessCode({ ...options, live: this.#live });
    this.#lag = new LagGuard({
      maxLagMs: options.resolved.maxEventLoopLagMs,
      onChange: options.onBusy,
      logger: options.logger,
    });
  }

  /** Latest measured delay of the event loop of this process, in milliseconds. Undefined while no call runs in it. */
  get eventLoopLagMs(): number | undefined {
    return this.#lag.lagMs;
  }

  freeMemoryBytes(): number | undefined {
    return this.#options.memory?.freeBytes();
  }

  prewarm(signal: AbortSignal): Promise<void> {
    this.#prewarmed ??= this.#load(signal);
    return this.#prewarmed;
  }

  async runSession(
    ticket: JobTicket,
    signal: HangUpSignal,
    report: ReportSessionEvent = this.#options.report,
  ): Promise<void> {
    const { jobId } = ticket.info;
    this.#options.tenants?.follow(ticket.tenantsEpoch);
    this.#running.add(jobId);
    try {
      await this.#prewarmed;
      await this.#watched(() =>
        reportingWith(jobId, report, () => runSession(ticket, signal, report, this.#runtime)),
      );
    } finally {
      this.#running.delete(jobId);
    }
  }

  /** Runs work while the event loop of this process is watched. */
  async #watched(work: () => Promise<void>): Promise<void> {
    this.#lag.enter();
    this.#watch ??= this.#watchLoop();
    try {
      await work();
    } finally {
      this.#lag.leave();
    }
  }

  /** Whether a call runs in this process, or is about to. */
  runs(jobId: string): boolean {
    return this.#running.has(jobId);
  }

  prepareChange(change: CodeChange): Promise<PreparedChange> {
    return this.code.prepare(change);
  }

  report(event: SessionEvent): Promise<void> {
    return this.#options.report(event);
  }

  get #runtime(): SessionRuntime {
    const { pool, resolved, tenants, audioDevices, credentials } = this.#options;
    return {
      live: this.#live,
      agent: (name, revision) => this.#acceptedAgent(name, revision),
      defaults: pool.defaults ?? {},
      tenants,
      setup: pool.setup,
      limits: resolved.limits,
      process: this.#process,
      models: this.#models,
      audioDevices,
      credentials,
      logger: this.logger,
      warnOnce: (message) => this.#warnOnce(message),
    };
  }

  /** Each process registers its agents itself, so another process may have a newer revision. */
  #acceptedAgent(name: string, revision: number): AgentConfig {
    const { registry } = this.#options;
    const accepted = registry.at(name, revision);
    if (accepted !== undefined) return accepted;
    const newest = registry.get(name);
    this.#warnOnce(
      `a call was accepted for revision ${revision} of agent "${name}", which this process does not have: it runs revision ${newest.revision}. Call pool.replace() in every process that runs calls.`,
    );
    return newest;
  }

  /** Frees everything that was loaded. Call it when no session is left. */
  async close(): Promise<void> {
    await everyStep(this.logger, [
      () => this.#watch?.[Symbol.asyncDispose](),
      () => this.#models?.[Symbol.asyncDispose](),
      () => this.#releaseSdk?.(),
    ]);
  }

  // Created with the first call, because before it there is nothing to protect, and kept when that call has ended.
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
          models === null ? undefined : (models ?? (await defaultModels(this.source.packagesFrom)));
        // Models that are opened after close() would stay open.
        stop.throwIfAborted();
        this.#models = chosen;
        await chosen?.load(stop, this.#options.memory);
      },
      signal,
      this.logger,
    );
    return this.#loading;
  }
}
