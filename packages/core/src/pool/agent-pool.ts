import { OpenRtcError, isOpenRtcError } from '../base/errors.js';
import type { Channel } from '../launch/channel.js';
import type { PoolSource, ProcessUsage } from '../launch/isolation.js';
import type { MetricsStreamEvent } from '../operate/metrics-stream.js';
import { type Logger, unbreakable } from '../base/logger.js';
import { sdkLogger } from '../sdk/prepare-sdk.js';
import type { SessionObserver } from '../settle/session-observer.js';
import type { SessionOutcome } from '../call/session-outcome.js';
import { version } from '../base/version.js';
import type {
  AgentClass,
  AgentConfig,
  AgentDefaults,
  AgentFactory,
  AgentOptions,
} from '../agents/agent-options.js';
import { callProcess } from '../worker/started-for-calls.js';
import { commandLine } from './command-line.js';
import { configured } from '../options/configured.js';
import { type ImportModule, discoverAgents } from '../agents/discover.js';
import type { ConnectRequest } from '../worker/local-call.js';
import { type OperateOptions, operateOptions, saidOf } from '../options/operate-options.js';
import { Operations } from '../operate/operations.js';
import type { AgentPoolOptions, PoolSettings, RunOptions } from '../options/pool-options.js';
import { installProcessHandlers } from '../worker/process-handlers.js';
import { AgentRegistry } from '../agents/registry.js';
import { type ResolvedOptions, resolveOptions } from '../options/resolve-options.js';
import type { PoolState, RuntimeSnapshot } from '../operate/runtime-snapshot.js';
import { serveSessions } from '../worker/serve-sessions.js';
import { takeSnapshot } from '../operate/take-snapshot.js';
import { Worker, type WorkerOptions, tainted } from '../worker/worker.js';

let serve: (pool: AgentPool, channel: Channel) => Promise<void>;

/**
 * Runs the calls of another process's pool, which come through `channel`, in place of {@link AgentPool.run}:
 * the pool does not connect to LiveKit as a worker. It must be set up like the one at the other end: the same
 * agents under the same names. Resolves when the other end wants no more of it or is gone.
 *
 * A process that a strategy started calls it by itself, in `run()`; see docs/isolation.md.
 * @throws OpenRtcError `CONFIG_*` or `PREWARM_FAILED` when no call can run here; the other end is told.
 */
export function serveTickets(pool: AgentPool, channel: Channel): Promise<void> {
  return serve(pool, channel);
}

/**
 * Many voice agents, one worker. Register agents, then {@link run}.
 *
 * ```ts
 * const pool = new AgentPool({ defaults: { llm: 'openai/gpt-4.1-mini' } });
 * pool.add('restaurant', RestaurantAgent, { greeting: 'Welcome to reservations.' });
 * await pool.run();
 * ```
 *
 * `Prewarmed` follows from the option `prewarm`; name it where that is a function.
 */
export class AgentPool<Prewarmed extends object = Record<string, unknown>> {
  static #constructed = 0;

  static {
    serve = (pool, channel) => (pool.#finished ??= pool.#serve(channel, {}));
  }

  readonly #number = AgentPool.#constructed++;
  #options: AgentPoolOptions;
  #resolved: ResolvedOptions;
  readonly #registry = new AgentRegistry();
  readonly #operations: Operations;
  #state: Exclude<PoolState, 'draining'> = 'idle';
  #startedAt = 0;
  #worker: Worker | undefined;
  #starting: AbortController | undefined;
  #finished: Promise<void> | undefined;
  #commanded: Promise<void> | undefined;

  /** @throws OpenRtcError `CONFIG_*` for an option that cannot work. Opens and connects nothing. */
  constructor(options: AgentPoolOptions<Prewarmed> = {}) {
    // From here on nobody asks what prewarm has loaded: it is handed through as it is.
    this.#options = options as AgentPoolOptions;
    this.#resolved = resolveOptions(this.#options);
    this.#operations = new Operations({
      resolved: () => this.#resolved,
      entry: this.#source().entry,
      snapshot: () => this.runtimeSnapshot(),
      worker: () => this.#worker,
    });
    for (const [name, agent] of Object.entries(options.agents ?? {})) this.add(name, agent);
  }

  /**
   * Registers an agent: a `voice.Agent` class whose constructor takes nothing, or a factory that
   * builds one per call. Also while the pool runs; calls that come later find it.
   * @param name - 1 to 64 ASCII letters, digits, dashes, underscores
   * @throws OpenRtcError `CONFIG_*`.
   */
  add(
    name: string,
    agent: AgentClass | AgentFactory<Prewarmed>,
    options: AgentOptions = {},
  ): AgentConfig {
    return this.#registry.add(name, agent as AgentClass | AgentFactory, options);
  }

  /**
   * Registers every agent in the files of a directory, one a file, sorted by file name; all or none.
   * A file's agent is named by {@link agentConfig}, else by the file.
   * @param options - `importModule` imports the URL of a file, in place of `import()`
   * @throws OpenRtcError `CONFIG_DISCOVERY` naming each bad file.
   */
  async discover(
    directory: string | URL,
    options: { importModule?: ImportModule } = {},
  ): Promise<readonly AgentConfig[]> {
    return this.#registry.addDiscovered(
      await discoverAgents(directory, { ...options, existing: this.#registry }),
    );
  }

  /**
   * Sets options over those the pool was made with, as an operator does on the command line; `defaults` and
   * `livekit` key by key. Before {@link run}.
   * @throws OpenRtcError `CONFIG_INVALID_OPTION`, and nothing has changed; `POOL_STATE` once it has run.
   */
  configure(settings: PoolSettings): void {
    if (this.#finished !== undefined)
      throw new OpenRtcError('POOL_STATE', 'configure() comes before run(): the pool has run.');
    const options = configured(this.#options, settings);
    this.#resolved = resolveOptions(options);
    this.#options = options;
  }

  /** The registered agents in the order of their registration. */
  listAgents(): readonly AgentConfig[] {
    return this.#registry.list();
  }

  /** @throws OpenRtcError `CONFIG_UNKNOWN_AGENT`. */
  get(name: string): AgentConfig {
    return this.#registry.get(name);
  }

  /** Takes an agent out. Its live calls go on. @throws OpenRtcError `CONFIG_UNKNOWN_AGENT`. */
  remove(name: string): AgentConfig {
    return this.#registry.remove(name);
  }

  /**
   * Takes calls until the pool is drained: by SIGTERM or SIGINT, {@link drain}, {@link close}, or the
   * signal. Once per pool. In a process that the pool's isolation has started for calls, it runs those.
   * A verb of `openrtc` as the first argument of the process is answered, see {@link RunOptions.cli}.
   * @throws OpenRtcError `CONFIG_*`, `PREWARM_FAILED` or `LINK_UNAUTHORIZED` before the first call;
   * `POOL_UNHEALTHY` or `POOL_TAINTED` after a drain that a fault caused.
   */
  run(options: RunOptions = {}): Promise<void> {
    // Not the run's one try: an agent can still be added.
    if (this.#finished === undefined && this.#registry.names().length === 0) {
      return Promise.reject(
        new OpenRtcError(
          'CONFIG_NO_AGENTS',
          'Register at least one agent before run(): pool.add(name, AgentClass), or pool.discover(directory).',
        ),
      );
    }
    const command = options.cli === false ? undefined : commandLine();
    if (command !== undefined)
      return (this.#commanded ??= command(this as unknown as AgentPool, options));
    this.#finished ??=
      callProcess()?.run(this.#number, (channel) => this.#serve(channel, options)) ??
      this.#run(options);
    return this.#finished;
  }

  /**
   * Sends one agent into one room, in place of {@link run}: no worker registers, and LiveKit knows of no job.
   * Resolves with how the call ended. The first signal of the process ends it.
   * @throws OpenRtcError as `run()`; `CONFIG_UNKNOWN_AGENT`; `SESSION_JOIN_FAILED` or `ROUTE_*` when there is no call.
   */
  async connect(request: ConnectRequest, options: RunOptions = {}): Promise<SessionOutcome> {
    if (request.agent !== undefined) this.get(request.agent);
    let outcome: SessionOutcome | undefined;
    const observer: SessionObserver = { onSessionEnd: (_info, end) => void (outcome = end) };
    this.configure({ observers: [...(this.#options.observers ?? []), observer] });
    this.#finished = this.#run(options, request);
    await this.#finished;
    if (outcome === undefined)
      throw new OpenRtcError('POOL_STATE', 'The call was called off before it began.');
    return outcome;
  }

  /** Takes no more calls and resolves when the live ones have come to their own end, see `drainTimeoutMs`. */
  async drain(): Promise<void> {
    this.#starting?.abort();
    await (this.#worker?.drain() ?? this.#calledOff());
  }

  /** Ends live calls now, within 4 s, and resolves when all is closed. */
  async close(): Promise<void> {
    this.#starting?.abort();
    await (this.#worker?.close() ?? this.#calledOff());
  }

  /** What the pool does at this moment. */
  runtimeSnapshot(): RuntimeSnapshot {
    return takeSnapshot({
      state: this.#state === 'running' && this.#worker?.draining ? 'draining' : this.#state,
      startedAt: this.#startedAt,
      isolation: this.isolation,
      resolved: this.#resolved,
      agents: this.#registry.names(),
      worker: this.#worker,
      health: this.#operations.health,
    });
  }

  /** Looks at what calls use, so that the next snapshot has it as `sessions[].resources`. At most about once a second. */
  async look(): Promise<void> {
    await this.#operations.look();
  }

  /**
   * What happened to calls since the last time it was asked. Up to 256 events wait; beyond that the newest are
   * dropped, and the last event says how many. With the option `metrics`, the file is who asks.
   */
  drainMetricsStreamEvents(): readonly MetricsStreamEvent[] {
    return this.#operations.drainEvents();
  }

  /** The processes calls run in; none when they run in the worker's own. */
  async processes(): Promise<readonly ProcessUsage[]> {
    return (await this.#worker?.processes()) ?? [];
  }

  /** The name of the isolation strategy. */
  get isolation(): string {
    return this.#options.isolation?.name ?? 'coroutine';
  }

  /** What agents get that do not say otherwise. */
  get defaults(): Readonly<AgentDefaults> {
    return this.#options.defaults ?? {};
  }

  /** How the pool was told to be watched. What `run()` is given wins. */
  get operate(): Readonly<OperateOptions> {
    return saidOf(this.#options);
  }

  get maxConcurrentSessions(): number {
    return this.#resolved.maxConcurrentSessions;
  }

  get consecutiveFailureLimit(): number {
    return this.#resolved.consecutiveFailureLimit;
  }

  async #run(options: RunOptions, request?: ConnectRequest): Promise<void> {
    const { signal, processHandlers = true, audioDevices } = options;
    const logger = unbreakable(this.#options.logger ?? sdkLogger());
    this.#state = 'starting';
    this.#startedAt = performance.now();
    const starting = new AbortController();
    this.#starting = starting;
    // A drain or a fault says itself how run() ends; these calls only set it off.
    const inBackground = (work: Promise<void> | undefined) => {
      work?.catch((error: unknown) => logger.debug({ error }, 'drained'));
    };
    const uninstall = processHandlers
      ? installProcessHandlers(
          {
            // One call has nothing to wait for.
            drain: () => inBackground(request === undefined ? this.drain() : this.close()),
            close: () => inBackground(this.close()),
            tainted: (error) =>
              this.#worker === undefined
                ? starting.abort(tainted(error))
                : this.#worker.tainted(error),
          },
          logger,
        )
      : () => {};
    const onAbort = () => inBackground(this.drain());
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) starting.abort();
    try {
      const watched = operateOptions(this.#options, saidOf(options));
      await this.#operations.open(watched, logger);
      const worker = await this.#start(starting.signal, logger, {
        registers: request === undefined,
        audioDevices,
        ownProcess: processHandlers,
        watchdog: watched.watchdog,
      });
      if (worker === undefined) return;
      this.#worker = worker;
      this.#operations.follow(worker);
      this.#state = 'running';
      if (starting.signal.aborted) inBackground(worker.drain());
      else if (request !== undefined) await connectOnly(worker, request);
      await worker.finished;
    } finally {
      this.#state = 'closed';
      signal?.removeEventListener('abort', onAbort);
      uninstall();
      await this.#operations[Symbol.asyncDispose]();
    }
  }

  async #serve(channel: Channel, options: RunOptions): Promise<void> {
    const { processHandlers = true } = options;
    this.#state = 'running';
    this.#startedAt = performance.now();
    try {
      await serveSessions(channel, {
        pool: this.#options,
        resolved: this.#resolved,
        registry: this.#registry,
        source: this.#source(),
        watchdog: operateOptions(this.#options, saidOf(options)).watchdog,
        logger: unbreakable(this.#options.logger ?? sdkLogger()),
        processHandlers,
      });
    } finally {
      this.#state = 'closed';
    }
  }

  #source(): PoolSource {
    return {
      entry: process.argv[1] ?? '',
      pool: this.#number,
      argv: process.argv.slice(2),
      execArgv: process.execArgv,
    };
  }

  /** Waits for a start that is under way. What became of it is run()'s to say. */
  async #calledOff(): Promise<void> {
    await Promise.allSettled([this.#finished]);
  }

  /** Undefined when the start was called off in good order. */
  async #start(
    signal: AbortSignal,
    logger: Logger,
    how: Pick<WorkerOptions, 'registers' | 'audioDevices' | 'ownProcess' | 'watchdog'>,
  ): Promise<Worker | undefined> {
    try {
      return await Worker.start(
        {
          pool: this.#options,
          resolved: this.#resolved,
          registry: this.#registry,
          source: this.#source(),
          logger,
          version,
          ...how,
        },
        signal,
      );
    } catch (error) {
      if (!signal.aborted) throw error;
      if (isOpenRtcError(signal.reason)) throw signal.reason;
      logger.info({}, 'stopped before the worker had started');
      return undefined;
    }
  }
}

/** One call and no other. */
async function connectOnly(worker: Worker, request: ConnectRequest): Promise<void> {
  try {
    await worker.connect(request);
  } finally {
    // The call that was launched goes on to its end; run() waits for it.
    const drained = worker.drain();
    if (worker.admission.active === 0) await drained;
    else drained.catch(() => {});
  }
}
