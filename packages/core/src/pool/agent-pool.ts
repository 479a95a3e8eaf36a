import type { AgentDefaults } from '../agents/agent-options.js';
import { OpenRtcError } from '../base/errors.js';
import type { MetadataValues } from '../call/call.js';
import type { SessionResult } from '../call/session-result.js';
import type { Channel } from '../launch/channel.js';
import type { PoolSource, ProcessUsage } from '../launch/isolation-strategy.js';
import type { MetricsStreamEvent } from '../operate/metrics-stream.js';
import type { OperateOptions } from '../operate/operate-options.js';
import type { PoolState } from '../operate/readiness.js';
import type { RuntimeSnapshot } from '../operate/runtime-snapshot.js';
import { takeSnapshot } from '../operate/take-snapshot.js';
import { givenOperateOptions } from '../options/check-operate-options.js';
import { configured } from '../options/configured.js';
import { ownOptions } from '../options/own-options.js';
import type { AgentPoolOptions, PoolSettings } from '../options/pool-options.js';
import { type ResolvedOptions, resolveOptions } from '../options/resolve-options.js';
import type { RunOptions } from '../options/run-options.js';
import type { Worker } from '../worker/worker.js';
import type { ConnectRequest } from '../worker/local-call.js';
import { callProcess, inCallProcess } from '../worker/started-for-calls.js';
import { commandLine } from './command-line.js';
import { type Hosting, currentHosting, ignoredRun } from './hosting.js';
import { warnInLog } from './load-user-code.js';
import {
  type RunConfiguration,
  checkConnect,
  checkRun,
  checkState,
  refusal,
} from './pool-checks.js';
import { PoolAgents } from './pool-agents.js';
import { PoolRun } from './pool-run.js';
import { poolSource } from './pool-source.js';

/** What functions outside of the class do with a pool. Set by the class, because it needs its private members. */
export const inside = {} as {
  serve: (pool: AgentPool, channel: Channel) => Promise<void>;
  check: (pool: AgentPool, options: RunOptions) => void;
};

/**
 * Many voice agents, one worker. Register agents, then {@link run}.
 *
 * ```ts
 * const pool = new AgentPool({ defaults: { llm: 'openai/gpt-4.1-mini' } });
 * pool.add('restaurant', RestaurantAgent, { greeting: 'Welcome to reservations.' });
 * await pool.run();
 * ```
 *
 * `Prewarmed` follows from the option `prewarm`; name it where that is a function. `Metadata` is the shape of the
 * metadata your dispatches send, `UserData` what `setup()` returns.
 */
export class AgentPool<
  Prewarmed extends object = Record<string, unknown>,
  Metadata extends object = MetadataValues,
  UserData = unknown,
> extends PoolAgents<Prewarmed, Metadata> {
  static #constructed = 0;
  static {
    inside.serve = (pool, channel) =>
      refusal('serveTickets()', pool.state) ??
      pool.#run?.finished ??
      pool.#begin((run) => run.serve(channel, {}));
    inside.check = (pool, options) => checkRun(options, pool.#configuration, true);
  }

  readonly #hosting: Hosting<AgentPool> | undefined;
  readonly #source: PoolSource;
  #options: AgentPoolOptions;
  #resolved: ResolvedOptions;
  #run: PoolRun | undefined;
  #hosted: Promise<void> | undefined;
  #closed = false;

  /**
   * Creates a pool; nothing is opened or connected before {@link run}.
   * @throws OpenRtcError `CONFIG_*` for an option that is not valid.
   */
  constructor(options: AgentPoolOptions<Prewarmed, Metadata, UserData> = {}) {
    const hosting = currentHosting<AgentPool>();
    super(hosting?.importer);
    this.#hosting = hosting;
    this.#source = poolSource(AgentPool.#constructed++, hosting?.path);
    // Only the user's code needs the type arguments: the pool passes these values on.
    const given = options as unknown as AgentPoolOptions;
    this.#resolved = resolveOptions(given);
    this.#options = ownOptions(given);
    this.warn = hosting?.warn ?? ((message) => warnInLog(this.#options.logger)(message));
    for (const [name, agent] of Object.entries(options.agents ?? {})) this.add(name, agent);
  }

  /**
   * Overrides options of the constructor, as the command line does; `defaults` and `livekit` are merged key by key. Must
   * be called before {@link run}.
   * @throws OpenRtcError `CONFIG_INVALID_OPTION`, and nothing changes; `POOL_STATE` from `run()` on.
   */
  configure(settings: PoolSettings<Prewarmed, Metadata>): void {
    checkState('configure()', this.state);
    const options = configured(this.#options, settings);
    this.#resolved = resolveOptions(options);
    this.#options = ownOptions(options);
  }

  /**
   * Takes calls until SIGTERM, SIGINT, SIGHUP, SIGQUIT, {@link drain}, {@link close} or `signal` ends the run. A pool
   * runs once; a second call during the run returns the same promise. In a process that the isolation has started for
   * calls, it runs those calls.
   * When the first argument of the process is a verb of `openrtc`, the command runs; see {@link RunOptions.cli}.
   * @throws OpenRtcError `CONFIG_*`, `PREWARM_FAILED` or `LINK_UNAUTHORIZED` before the first call;
   * `POOL_UNHEALTHY` or `POOL_TAINTED` after a drain that a fault caused; `POOL_STATE` when the pool is closed.
   */
  run(options: RunOptions = {}): Promise<void> {
    const known = refusal('run()', this.state) ?? this.#run?.finished ?? ignoredRun();
    if (known !== undefined) return known;
    const command = this.#hosting?.active === true ? this.#hosting.run : commandLine();
    const runner = options?.cli === false ? undefined : command;
    try {
      // A rejection here does not count as the run: the user may mend the configuration and call run() again.
      const opens = runner === undefined && !inCallProcess();
      checkRun(options, this.#configuration, opens);
    } catch (error) {
      return Promise.reject(error);
    }
    if (runner !== undefined)
      return (this.#hosted ??= runner(this as unknown as AgentPool, options));
    return this.#begin(
      (run) =>
        callProcess()?.run(this.#source.pool, (channel) => run.serve(channel, options)) ??
        run.work(options),
    );
  }

  /**
   * Sends one agent to one room. Call it instead of {@link run}: no worker registers, and LiveKit has no job for the
   * call. Resolves with the result of the call. The first signal that asks the process to end ends the call.
   * @throws OpenRtcError as `run()`; `CONFIG_UNKNOWN_AGENT`; `SESSION_JOIN_FAILED` or `ROUTE_*` when the call cannot begin;
   * `POOL_STATE` when the pool runs or is closed, or the call was cancelled before it began.
   */
  async connect(request: ConnectRequest, options: RunOptions = {}): Promise<SessionResult> {
    checkState('connect()', this.state);
    checkConnect(request, options, (name) => this.get(name), this.#configuration);
    let result: SessionResult | undefined;
    const onSessionEnd = (_info: unknown, end: SessionResult) => void (result = end);
    await this.#begin((run) => run.connect(options, request, { onSessionEnd }));
    if (result === undefined)
      throw new OpenRtcError('POOL_STATE', 'The call was cancelled before it began.');
    return result;
  }

  /**
   * Takes no more calls, and ends the live ones after `drainTimeoutMs`. Resolves when everything is closed. A pool that
   * has not run is closed, and never runs.
   */
  async drain(): Promise<void> {
    this.#closed = true;
    await this.#run?.drain('drain_call');
  }

  /** Ends live calls now, within 4 s, and resolves when everything is closed. A pool that has not run never runs. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#run?.close('close_call');
  }

  /** The state of the pool at this moment. CPU and memory of calls are as {@link inspect} last measured them. */
  runtimeSnapshot(): RuntimeSnapshot {
    return takeSnapshot({
      state: this.state,
      startedAt: this.#run?.startedAt ?? 0,
      isolation: this.isolation,
      facts: this.#resolved,
      agents: this.registry.names(),
      worker: this.#run?.worker,
      health: this.#run?.operations.health ?? null,
    });
  }

  /** Measures CPU and memory of the calls, at most about once a second, and returns the snapshot. */
  async inspect(): Promise<RuntimeSnapshot> {
    await this.#run?.operations.sample();
    return this.runtimeSnapshot();
  }

  /**
   * Returns the events of calls since it was last called. Up to 256 events wait; beyond that the newest are
   * dropped, and the last event says how many. With `metrics.jsonlFile`, they are written to that file instead.
   */
  takeMetricsEvents(): readonly MetricsStreamEvent[] {
    return this.#run?.operations.takeEvents() ?? [];
  }

  /** The processes that run calls; empty when calls run in the worker's own process. */
  async processes(): Promise<readonly ProcessUsage[]> {
    return (await this.#run?.worker?.processes()) ?? [];
  }

  /** The name of the isolation strategy. Default: `coroutine`. */
  get isolation(): string {
    return this.#options.isolation?.name ?? 'coroutine';
  }

  /** The options of every agent that does not set its own. */
  get defaults(): Readonly<AgentDefaults> {
    return this.#options.defaults ?? {};
  }

  /** How the pool can be observed: `health`, `metrics` and so on. Options of `run()` take precedence. */
  get operate(): Readonly<OperateOptions> {
    return givenOperateOptions(this.#options);
  }

  /** The maximum number of calls at a time. */
  get maxConcurrentSessions(): number {
    return this.#resolved.maxConcurrentSessions;
  }

  /** The number of failures in a row after which the worker drains; see the option of that name. */
  get consecutiveFailureLimit(): number {
    return this.#resolved.consecutiveFailureLimit;
  }

  /** @internal */
  protected override get worker(): Worker | undefined {
    return this.#run?.worker;
  }

  /** @internal */
  protected override get state(): PoolState {
    return this.#run?.state ?? (this.#closed ? 'closed' : 'idle');
  }

  get #configuration(): RunConfiguration {
    const { packagesFrom } = this.#source;
    return { options: this.#options, agents: this.registry.names(), packagesFrom };
  }

  #begin(work: (run: PoolRun) => Promise<void>): Promise<void> {
    const run = new PoolRun({
      options: this.#options,
      resolved: this.#resolved,
      registry: this.registry,
      source: this.#source,
      loader: this.loader,
      snapshot: () => this.runtimeSnapshot(),
      reload: () => this.reloadFor('reload_command'),
    });
    this.#run = run;
    return (run.finished = work(run));
  }
}
