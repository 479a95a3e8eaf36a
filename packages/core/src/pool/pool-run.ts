import type { CodeLoader } from '../agents/code-loader.js';
import { TenantDirectory } from '../agents/tenant-directory.js';
import type { AgentRegistry } from '../agents/registry.js';
import { isOpenRtcError } from '../base/errors.js';
import { everyStep } from '../base/every-step.js';
import { type Logger, unbreakable } from '../base/logger.js';
import { version } from '../base/version.js';
import type { ReloadReport } from '../call/reload-report.js';
import type { SessionObserver } from '../settle/session-observer.js';
import type { Channel } from '../launch/channel.js';
import type { PoolSource } from '../launch/isolation-strategy.js';
import type { DrainCause } from '../operate/audit-event.js';
import { Operations } from '../operate/operations.js';
import type { RuntimeSnapshot } from '../operate/runtime-snapshot.js';
import type { PoolState } from '../operate/readiness.js';
import { operateOptions } from '../options/check-operate-options.js';
import type { AgentPoolOptions } from '../options/pool-options.js';
import type { ResolvedOptions } from '../options/resolve-options.js';
import type { RunOptions } from '../options/run-options.js';
import { sdkInUse } from '../sdk/patches.js';
import { sdkLogger } from '../sdk/sdk-logger.js';
import type { ConnectRequest } from '../worker/local-call.js';
import { type DrainNote, RunAudit } from '../worker/run-audit.js';
import { Ending } from '../worker/ending.js';
import { guardLogs } from '../worker/log-guard.js';
import { installProcessHandlers, taintedBy } from '../worker/process-handlers.js';
import { serveSessions } from '../worker/serve-sessions.js';
import { nameWhatKeepsAlive } from '../worker/still-running.js';
import { Worker } from '../worker/worker.js';
import type { ProcessOptions, WorkerOptions } from '../worker/worker-options.js';
import { connectOnly } from './connect-only.js';

/** The parts of a pool that a run needs. They do not change during the run. */
export interface PoolParts {
  readonly options: AgentPoolOptions;
  readonly resolved: ResolvedOptions;
  readonly registry: AgentRegistry;
  readonly source: PoolSource;
  /** Reloads the code of the agents. Undefined where that is not possible. */
  readonly loader: CodeLoader | undefined;
  /** Returns the current snapshot of the pool. */
  readonly snapshot: () => RuntimeSnapshot;
  /** Reloads the agents of the pool. */
  readonly reload: () => Promise<ReloadReport>;
}

/** The one run of a pool: what is open while it runs, and how it ends. */
export class PoolRun {
  readonly operations: Operations;
  /** `performance.now()` at its start. */
  readonly startedAt = performance.now();
  /** Resolves when the run is over. Set by the code that starts it. */
  finished: Promise<void> = Promise.resolve();
  readonly #parts: PoolParts;
  readonly #logger: Logger;
  /** The tenants, as this process knows them. */
  readonly #tenants: TenantDirectory | undefined;
  readonly #starting = new AbortController();
  readonly #ending: Ending;
  readonly #audit: RunAudit;
  #state: Exclude<PoolState, 'draining' | 'idle'> = 'starting';
  #worker: Worker | undefined;

  constructor(parts: PoolParts) {
    this.#parts = parts;
    this.#logger = unbreakable(parts.options.logger ?? sdkLogger());
    this.#ending = new Ending(this.#logger);
    const { resolved, registry } = parts;
    const isAgent = (name: string) => registry.has(name);
    this.#tenants =
      resolved.tenants &&
      new TenantDirectory({ ...resolved.tenants, isAgent, logger: this.#logger });
    this.operations = new Operations({
      facts: resolved,
      entry: parts.source.entry,
      snapshot: parts.snapshot,
      reload: parts.reload,
      worker: () => this.#worker,
    });
    this.#audit = new RunAudit(
      (noted) => this.operations.note(noted),
      () => this.#worker?.calls.length ?? 0,
    );
  }

  get state(): PoolState {
    return this.#state === 'running' && this.#worker?.draining === true ? 'draining' : this.#state;
  }

  get worker(): Worker | undefined {
    return this.#worker;
  }

  /** What every process that runs sessions of the pool needs. */
  get #process(): Omit<ProcessOptions, 'watchdog'> {
    const { options: pool, resolved, registry, source, loader } = this.#parts;
    const logger = this.#logger;
    return { pool, resolved, registry, tenants: this.#tenants, source, loader, logger };
  }

  /** Takes calls until the worker has drained. */
  async work(options: RunOptions): Promise<void> {
    await this.#run(options, { registers: true, observers: [] }, (worker) => worker.finished);
  }

  /** Sends one agent to one room. Resolves when that call is over. */
  async connect(
    options: RunOptions,
    request: ConnectRequest,
    observer: SessionObserver,
  ): Promise<void> {
    await this.#run(options, { registers: false, observers: [observer] }, async (worker) => {
      if (!worker.draining) await connectOnly(worker, request, this.#audit, this.#logger);
      await worker.finished;
    });
  }

  /** Runs the calls that the pool of another process sends through `channel`. */
  async serve(channel: Channel, options: RunOptions): Promise<void> {
    const { processHandlers = true } = options;
    const { watchdog } = operateOptions(this.#parts.options, options);
    this.#state = 'running';
    try {
      await serveSessions(channel, { ...this.#process, watchdog, processHandlers });
    } finally {
      this.#state = 'closed';
    }
  }

  async drain(by: DrainCause, note?: DrainNote): Promise<void> {
    this.#audit.draining(by, note);
    this.#starting.abort();
    try {
      await this.#worker?.drain();
    } finally {
      await this.#over();
    }
  }

  async close(by: DrainCause, note?: DrainNote): Promise<void> {
    this.#audit.draining(by, { ...note, calls: 'end' });
    this.#starting.abort();
    this.#ending.close();
    try {
      await this.#worker?.close();
    } finally {
      await this.#over();
    }
  }

  async #run(
    options: RunOptions,
    { registers, observers }: Pick<WorkerOptions, 'registers' | 'observers'>,
    untilOver: (worker: Worker) => Promise<void>,
  ): Promise<void> {
    const { signal, processHandlers = true, audioDevices } = options;
    // With a single call a drain would wait for that call, so the first signal ends it.
    const unguard = processHandlers
      ? guardLogs(this.#parts.options.logger, this.#logger)
      : () => {};
    const uninstall = processHandlers ? this.#installHandlers(registers) : () => {};
    const onAbort = () => this.#inBackground(this.drain('abort_signal'));
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) onAbort();
    let failed: { readonly error: unknown } | undefined;
    const run = async () => {
      const { options: pool } = this.#parts;
      const watched = operateOptions(pool, options);
      await this.operations.open(watched, this.#logger);
      this.#audit.started(this.#parts, watched);
      const worker = await this.#start({
        registers,
        observers: [...(pool.observers ?? []), ...observers],
        audioDevices,
        ownProcess: processHandlers,
        watchdog: watched.watchdog,
      });
      if (worker === undefined) return;
      this.#worker = worker;
      this.operations.follow(worker);
      this.#state = 'running';
      if (this.#starting.signal.aborted) this.#inBackground(worker.drain());
      await untilOver(worker);
    };
    await everyStep(this.#logger, [
      () => run().catch((error: unknown) => Promise.reject((failed = { error }).error)),
      () => void (this.#state = 'closed'),
      () => signal?.removeEventListener('abort', onAbort),
      uninstall,
      () => this.#audit.closed(failed),
      () => this.#ending.operations(() => this.operations[Symbol.asyncDispose]()),
      // Otherwise the process is not the pool's.
      () => processHandlers && nameWhatKeepsAlive(this.#logger, sdkInUse),
      // Last, because closing logs too.
      unguard,
    ]);
  }

  #installHandlers(registers: boolean): () => void {
    return installProcessHandlers(
      {
        drain: (signal) =>
          this.#inBackground(
            registers ? this.drain('signal', { signal }) : this.close('signal', { signal }),
          ),
        close: (signal) => this.#inBackground(this.close('signal', { signal })),
        tainted: (error) => {
          if (this.#worker !== undefined) return this.#worker.tainted(error);
          const fault = taintedBy(error);
          this.#audit.draining('uncaught_error', { error: fault });
          this.#starting.abort(fault);
        },
      },
      this.#logger,
    );
  }

  /** Starts the worker. Undefined when a drain or the signal has cancelled the start. */
  async #start(
    how: Pick<
      WorkerOptions,
      'registers' | 'observers' | 'audioDevices' | 'ownProcess' | 'watchdog'
    >,
  ): Promise<Worker | undefined> {
    const { signal } = this.#starting;
    try {
      const ending = this.#ending;
      const audit = this.#audit;
      return await Worker.start({ ...this.#process, version, ending, audit, ...how }, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      // Only the log can say what else went wrong.
      const fields = error === signal.reason ? {} : { error };
      this.#logger.info(fields, 'stopped before the worker had started');
      if (isOpenRtcError(signal.reason)) throw signal.reason;
      return undefined;
    }
  }

  /** Does not wait for the end of the run, and ignores its error, which `finished` reports. */
  #inBackground(work: Promise<void>): void {
    work.catch((error: unknown) => this.#logger.debug({ error }, 'drained'));
  }

  /** Waits until everything of the run is closed. Its error is reported by `finished`. */
  async #over(): Promise<void> {
    await Promise.allSettled([this.finished]);
  }
}
