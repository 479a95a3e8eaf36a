import type { AgentDefaults } from '../agents/agent-options.js';
import { OpenRtcError } from '../base/errors.js';
import type { MetadataValues } from '../call/call.js';
import type { SessionOutcome } from '../call/session-outcome.js';
import type { Channel } from '../launch/channel.js';
import type { PoolSource, ProcessUsage } from '../launch/isolation-strategy.js';
import type { MetricsStreamEvent } from '../operate/metrics-stream.js';
import type { OperateOptions } from '../operate/operate-options.js';
import type { RuntimeSnapshot } from '../operate/runtime-snapshot.js';
import { takeSnapshot } from '../operate/take-snapshot.js';
import { givenOperateOptions } from '../options/check-operate-options.js';
import { configured } from '../options/configured.js';
import type { AgentPoolOptions, PoolSettings } from '../options/pool-options.js';
import { type ResolvedOptions, resolveOptions } from '../options/resolve-options.js';
import { type RunOptions, checkRunOptions } from '../options/run-options.js';
import type { ConnectRequest } from '../worker/local-call.js';
import { callProcess } from '../worker/started-for-calls.js';
import { commandLine } from './command-line.js';
import { type Hosting, type Runner, currentHosting } from './hosting.js';
import { PoolAgents } from './pool-agents.js';
import { PoolRun } from './pool-run.js';

let serve: (pool: AgentPool, channel: Channel) => Promise<void>;

/**
 * Runs the calls of another process's pool, which come through `channel`, in place of {@link AgentPool.run}:
 * the pool does not connect to LiveKit as a worker. It must be set up like the one at the other end: the same
 * agents under the same names. Resolves when the other end closes the channel or needs it no more.
 *
 * A process that a strategy started calls it by itself, in `run()`; see docs/isolation.md.
 * @throws OpenRtcError `CONFIG_*` or `PREWARM_FAILED` when no call can run here; the other end gets the error too.
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
    serve = (pool, channel) => pool.#run?.finished ?? pool.#begin((run) => run.serve(channel, {}));
  }

  readonly #number = AgentPool.#constructed++;
  readonly #hosting: Hosting<AgentPool> | undefined;
  #options: AgentPoolOptions;
  #resolved: ResolvedOptions;
  #run: PoolRun | undefined;
  #hosted: Promise<void> | undefined;

  /** @throws OpenRtcError `CONFIG_*` for an option that cannot work. Opens and connects nothing. */
  constructor(options: AgentPoolOptions<Prewarmed, Metadata, UserData> = {}) {
    const hosting = currentHosting<AgentPool>();
    super(hosting?.importModule);
    this.#hosting = hosting;
    // The types are the user's: from here on the values are only passed through.
    this.#options = options as unknown as AgentPoolOptions;
    this.#resolved = resolveOptions(this.#options);
    for (const [name, agent] of Object.entries(options.agents ?? {})) this.add(name, agent);
  }

  /**
   * Sets options over those the pool was constructed with, as an operator does on the command line; `defaults` and
   * `livekit` key by key. Before {@link run}.
   * @throws OpenRtcError `CONFIG_INVALID_OPTION`, and nothing has changed; `POOL_STATE` once it has run.
   */
  configure(settings: PoolSettings<Prewarmed, Metadata>): void {
    if (this.#run !== undefined)
      throw new OpenRtcError('POOL_STATE', 'configure() comes before run(): the pool has run.');
    const options = configured(this.#options, settings as unknown as PoolSettings);
    this.#resolved = resolveOptions(options);
    this.#options = options;
  }

  /**
   * Takes calls until the pool is drained: by SIGTERM or SIGINT, {@link drain}, {@link close}, or the
   * signal. Once per pool. In a process that the pool's isolation has started for calls, it runs those.
   * When the first argument of the process is a verb of `openrtc`, the command runs; see {@link RunOptions.cli}.
   * @throws OpenRtcError `CONFIG_*`, `PREWARM_FAILED` or `LINK_UNAUTHORIZED` before the first call;
   * `POOL_UNHEALTHY` or `POOL_TAINTED` after a drain that a fault caused.
   */
  run(options: RunOptions = {}): Promise<void> {
    if (this.#run !== undefined) return this.#run.finished;
    try {
      checkRunOptions('run()', options);
      // The pool may run later: an agent can still be added.
      if (this.registry.names().length === 0) throw noAgents();
    } catch (error) {
      return Promise.reject(error);
    }
    const runner = options.cli === false ? undefined : this.#runner();
    if (runner !== undefined)
      return (this.#hosted ??= runner(this as unknown as AgentPool, options));
    return this.#begin(
      (run) =>
        callProcess()?.run(this.#number, (channel) => run.serve(channel, options)) ??
        run.work(options),
    );
  }

  /**
   * Sends one agent into one room, in place of {@link run}: no worker registers, and LiveKit knows of no job.
   * Resolves with the outcome of the call. The first signal of the process ends it.
   * @throws OpenRtcError as `run()`; `CONFIG_UNKNOWN_AGENT`; `SESSION_JOIN_FAILED` or `ROUTE_*` when there is no
   * call; `POOL_STATE` once the pool has run, or when the call was called off.
   */
  async connect(request: ConnectRequest, options: RunOptions = {}): Promise<SessionOutcome> {
    checkRunOptions('connect()', options);
    if (request.agent !== undefined) this.get(request.agent);
    if (this.#run !== undefined)
      throw new OpenRtcError('POOL_STATE', 'connect() comes in place of run(): the pool has run.');
    let outcome: SessionOutcome | undefined;
    const onSessionEnd = (_info: unknown, end: SessionOutcome) => void (outcome = end);
    await this.#begin((run) => run.connect(options, request, { onSessionEnd }));
    if (outcome === undefined)
      throw new OpenRtcError('POOL_STATE', 'The call was called off before it began.');
    return outcome;
  }

  /** Takes no more calls and resolves when the live ones have ended by themselves, see `drainTimeoutMs`. */
  async drain(): Promise<void> {
    await this.#run?.drain();
  }

  /** Ends live calls now, within 4 s, and resolves when everything is closed. */
  async close(): Promise<void> {
    await this.#run?.close();
  }

  /** The state of the pool at this moment. CPU and memory of calls are as {@link inspect} last measured them. */
  runtimeSnapshot(): RuntimeSnapshot {
    return takeSnapshot({
      state: this.#run?.state ?? 'idle',
      startedAt: this.#run?.startedAt ?? 0,
      isolation: this.isolation,
      facts: this.#resolved,
      agents: this.registry.names(),
      worker: this.#run?.worker,
      health: this.#run?.operations.health ?? null,
    });
  }

  /** Measures what calls use, at most about once a second, then returns the snapshot with it. */
  async inspect(): Promise<RuntimeSnapshot> {
    await this.#run?.operations.sample();
    return this.runtimeSnapshot();
  }

  /**
   * Returns the events of calls since it was last called. Up to 256 events wait; beyond that the newest are
   * dropped, and the last event says how many. With the option `metrics`, the file takes them.
   */
  takeMetricsEvents(): readonly MetricsStreamEvent[] {
    return this.#run?.operations.takeEvents() ?? [];
  }

  /** The processes calls run in; none when they run in the worker's own. */
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

  /** The options of the pool about operating. Those given to `run()` win. */
  get operate(): Readonly<OperateOptions> {
    return givenOperateOptions(this.#options);
  }

  /** The most calls at a time. */
  get maxConcurrentSessions(): number {
    return this.#resolved.maxConcurrentSessions;
  }

  /** After this many failed calls in a row the worker drains. */
  get consecutiveFailureLimit(): number {
    return this.#resolved.consecutiveFailureLimit;
  }

  #runner(): Runner<AgentPool> | undefined {
    return this.#hosting?.active === true ? this.#hosting.run : commandLine();
  }

  #begin(work: (run: PoolRun) => Promise<void>): Promise<void> {
    const run = new PoolRun({
      options: this.#options,
      resolved: this.#resolved,
      registry: this.registry,
      source: this.#source(),
      snapshot: () => this.runtimeSnapshot(),
    });
    this.#run = run;
    run.finished = work(run);
    return run.finished;
  }

  #source(): PoolSource {
    return {
      entry: process.argv[1] ?? '',
      pool: this.#number,
      argv: process.argv.slice(2),
      execArgv: process.execArgv,
    };
  }
}

function noAgents(): OpenRtcError {
  return new OpenRtcError(
    'CONFIG_NO_AGENTS',
    'Register at least one agent before run(): pool.add(name, AgentClass), or pool.discover(directory).',
  );
}
