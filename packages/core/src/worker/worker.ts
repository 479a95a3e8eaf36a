import { AsyncResource } from 'node:async_hooks';

import { Admission } from '../admit/admission.js';
import { deferred } from '../base/deferred.js';
import { OpenRtcError, messageOf } from '../base/errors.js';
import type {
  HangUp,
  Isolation,
  IsolationStrategy,
  PoolSource,
  ProcessCounts,
  ProcessUsage,
} from '../launch/isolation.js';
import { type LiveKitEndpoint, resolveEndpoint } from '../link/livekit-endpoint.js';
import { workerLoad } from '../link/load-curve.js';
import { warnIfPlain } from '../link/room-url.js';
import { WorkerLinks } from '../link/worker-links.js';
import type { Logger } from '../base/logger.js';
import type { LoopBlock } from '../call/loop-block.js';
import { ResourceSampler } from '../operate/resource-sampler.js';
import { type WatchdogOptions, watchdogLimits } from '../operate/watchdog-options.js';
import { keepSecret } from '../base/secrets.js';
import type { AudioDevices } from '../audio/local-audio.js';
import type { SessionEvent } from '../call/session-event.js';
import { timeBox } from '../base/time-box.js';
import type { SessionInfo } from '../agents/agent-options.js';
import { CallFlow } from '../flow/call-flow.js';
import { defaultIsolation } from './default-parts.js';
import { type ConnectRequest, localOffer, localToken, noLink, refusedCall } from './local-call.js';
import type { OperateOptions } from '../options/operate-options.js';
import type { AgentPoolOptions } from '../options/pool-options.js';
import { registrationsOf } from './registrations.js';
import type { AgentRegistry } from '../agents/registry.js';
import type { ResolvedOptions } from '../options/resolve-options.js';
import { SessionHost, type SessionHostOptions } from './session-host.js';
import { tightenHeap } from './tight-heap.js';

// Calls that are cut get this long for last words, shutdown callbacks and leaving their rooms.
const FAREWELL_MS = 30_000;
const FAREWELL_NOW_MS = 4_000;
// For the final status of the last calls to reach LiveKit, and for observers: their own box is as long.
const LAST_WORDS_MS = 5_000;

export interface WorkerOptions {
  readonly pool: AgentPoolOptions;
  readonly resolved: ResolvedOptions;
  readonly registry: AgentRegistry;
  readonly source: PoolSource;
  readonly watchdog: OperateOptions['watchdog'];
  readonly logger: Logger;
  readonly version: string;
  /** False: calls come by {@link Worker.connect} alone. */
  readonly registers: boolean;
  /** Devices for calls whose room carries no audio. */
  readonly audioDevices: ((call: SessionInfo) => AudioDevices) | undefined;
  /** Whether the process is there for the pool alone. */
  readonly ownProcess: boolean;
}

/** One run of a pool: from its first connection to LiveKit to its last call. */
export class Worker {
  readonly admission: Admission;
  readonly links: WorkerLinks;
  readonly flow: CallFlow;
  /** What calls use, when somebody looks. */
  readonly resources: ResourceSampler;
  readonly #options: WorkerOptions;
  readonly #endpoint: LiveKitEndpoint;
  readonly #isolation: Isolation;
  readonly #host: SessionHost;
  readonly #drained = deferred();
  #prewarmSeconds = 0;
  #draining = false;
  #full = false;
  #why: OpenRtcError | undefined;

  /**
   * Loads what calls share and opens the isolation, then registers.
   * @throws OpenRtcError `CONFIG_*`, `PREWARM_FAILED`, `LINK_UNAUTHORIZED`; nothing stays open then.
   */
  static async start(options: WorkerOptions, signal: AbortSignal): Promise<Worker> {
    const { pool, resolved, registry, source, watchdog, logger } = options;
    const endpoint = resolveEndpoint(pool.livekit);
    keepSecret([endpoint.apiSecret, endpoint.workerToken]);
    warnIfPlain(endpoint.url, logger);
    const strategy = pool.isolation ?? (await defaultIsolation(source.entry));
    // The host is handed out before there is a flow to report to: sessions only run once there is.
    // A session reports from within its call. What the pool does then, observers above all, is not the call's.
    const report = AsyncResource.bind((event: SessionEvent) => worker.flow.live.report(event));
    const host: SessionHost = new SessionHost({
      pool,
      maxConcurrentSessions: resolved.maxConcurrentSessions,
      source,
      logger,
      report,
      maxEventLoopLagMs: resolved.maxEventLoopLagMs,
      onBusy: (why) =>
        why === undefined ? worker.admission.resume() : worker.admission.pause(why),
      ...(watchdog === false
        ? {}
        : { watch: watchHere(watchdog, (block) => worker.flow.counts.block(block)) }),
      runtime: {
        agent: (name, jobId) => worker.flow.live.agentOf(jobId) ?? registry.get(name),
        defaults: pool.defaults ?? {},
        setup: pool.setup,
        limits: resolved.limits,
        audioDevices: options.audioDevices,
        credentials: { apiKey: endpoint.apiKey, apiSecret: endpoint.apiSecret },
      },
    });
    const openedAt = performance.now();
    const isolation = await openIsolation(strategy, host, signal);
    const worker: Worker = new Worker(options, endpoint, isolation, host);
    worker.#prewarmSeconds = (performance.now() - openedAt) / 1_000;
    try {
      // Once registered, a call may have been accepted already: then it is for drain() to end this.
      const abort = () => worker.links.callOff();
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
      if (options.ownProcess) tightenHeap();
      if (options.registers) await worker.links.start();
      signal.removeEventListener('abort', abort);
    } catch (error) {
      await worker.#release();
      throw error;
    }
    return worker;
  }

  private constructor(
    options: WorkerOptions,
    endpoint: LiveKitEndpoint,
    isolation: Isolation,
    host: SessionHost,
  ) {
    const { pool, resolved, registry, logger } = options;
    this.#options = options;
    this.#endpoint = endpoint;
    this.#isolation = isolation;
    this.#host = host;
    this.admission = new Admission({
      maxConcurrentSessions: resolved.maxConcurrentSessions,
      onChange: () => {
        this.#countFull();
        this.links.sendStatus();
      },
    });
    const registrations = () => registrationsOf(resolved, registry.names(), options.version);
    this.links = new WorkerLinks(
      {
        endpoint,
        logger,
        onOffer: (offer, link) => this.flow.offer(offer, link),
        onRefused: (reason) => this.flow.counts.refuse(reason),
        onAnswered: (ms, accepted) =>
          this.flow.counts.metrics.answers.record({ accepted: String(accepted) }, ms / 1_000),
        onTermination: (jobId) => this.#terminated(jobId),
        status: () =>
          workerLoad(
            this.admission.active + this.admission.reserved,
            this.admission.max,
            this.admission.draining || this.admission.paused,
          ),
      },
      registrations(),
    );
    registry.watch(() => this.links.sync(registrations()));
    this.flow = new CallFlow({
      agents: registry,
      routing: {
        ...(pool.router === undefined ? {} : { router: pool.router }),
        ...(pool.routerTimeoutMs === undefined ? {} : { routerTimeoutMs: pool.routerTimeoutMs }),
        agentName: resolved.dispatch === 'per-agent',
      },
      admission: this.admission,
      isolation,
      endpoint,
      observers: pool.observers ?? [],
      consecutiveFailureLimit: resolved.consecutiveFailureLimit,
      onUnhealthy: (failures) => this.#unhealthy(failures),
      logger,
    });
    this.resources = new ResourceSampler({
      jobIds: () => this.flow.live.launcher.jobIds,
      processes: () => this.processes(),
      logger,
    });
  }

  /** How late the event loop of this process was, measured last; undefined while no call runs in it. */
  get eventLoopLagMs(): number | undefined {
    return this.#host.eventLoopLagMs;
  }

  /** How long the isolation took to open, with everything that calls share. */
  get prewarmSeconds(): number {
    return this.#prewarmSeconds;
  }

  /** Undefined where the isolation does not count processes, because it has none. */
  get processCounts(): ProcessCounts | undefined {
    return this.#isolation.processCounts?.();
  }

  /**
   * Takes a call that LiveKit does not offer; resolves once it is launched.
   * @throws OpenRtcError when LiveKit cannot be asked, or the call is refused.
   */
  async connect(request: ConnectRequest): Promise<void> {
    const offer = await localOffer(request, this.#endpoint);
    const answer = await this.flow.offer(offer, noLink);
    if ('refused' in answer) throw refusedCall(answer.refused, request.room);
    const { identity, attributes } = answer;
    const { permissions } = this.#options.resolved;
    let token: string;
    try {
      token = await localToken(request.room, identity, attributes, this.#endpoint, permissions);
    } catch (error) {
      answer.abandoned('no token');
      throw error;
    }
    answer.assigned({ job: offer.job, url: undefined, token, workerId: '' });
  }

  /** The processes calls run in, see {@link Isolation.processes}. */
  async processes(): Promise<readonly ProcessUsage[]> {
    return (await this.#isolation.processes?.()) ?? [];
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Resolves when the worker has drained and closed; rejects when a fault made it drain. */
  get finished(): Promise<void> {
    return this.#drained.promise;
  }

  /**
   * No new calls; live ones, and those accepted but not assigned yet, go on to their own end. Past
   * `drainTimeoutMs` they are ended. Then everything closes.
   * @param why - the fault that caused it; {@link finished} rejects with it
   */
  drain(why?: OpenRtcError): Promise<void> {
    this.#why ??= why;
    if (!this.#draining) {
      this.#draining = true;
      this.admission.drain();
      this.#finish().then(this.#drained.resolve, this.#drained.reject);
    }
    return this.finished;
  }

  /** Ends live calls now, within 4 s, and closes. */
  async close(): Promise<void> {
    const drained = this.drain();
    this.#cut({ reason: 'pool_closed', deadline: Date.now() + FAREWELL_NOW_MS });
    await drained;
  }

  async #finish(): Promise<void> {
    const { drainTimeoutMs } = this.#options.resolved;
    const timer = setTimeout(() => {
      this.#options.logger.warn(
        { drainTimeoutMs, jobIds: this.flow.live.launcher.jobIds },
        'the drain took too long: ending live calls',
      );
      this.#cut({ reason: 'drain_timeout', deadline: Date.now() + FAREWELL_MS });
    }, drainTimeoutMs);
    await this.admission.idle();
    clearTimeout(timer);
    await this.#release();
    if (this.#why !== undefined) throw this.#why;
  }

  #countFull(): void {
    if (this.admission.full && !this.#full) this.flow.counts.metrics.timesFull += 1;
    this.#full = this.admission.full;
  }

  #cut(hangUp: HangUp): void {
    this.flow.live.launcher.hangUpAll(hangUp);
  }

  async #release(): Promise<void> {
    // A server that is away, or goes away just now, must not hold the exit.
    const told = await timeBox(LAST_WORDS_MS, () => this.flow.live.settled());
    if (told.kind !== 'done')
      this.#options.logger.warn(
        { ...told },
        'not everybody could be told how the last calls ended',
      );
    try {
      this.#options.registry.watch(() => {});
      await this.links.close();
      await this.#isolation[Symbol.asyncDispose]();
    } finally {
      await this.#host.close();
    }
  }

  #terminated(jobId: string): void {
    const known = this.flow.live.launcher.hangUp(jobId, {
      reason: 'terminated',
      deadline: Date.now() + FAREWELL_NOW_MS,
    });
    this.#options.logger.debug({ jobId, known }, 'LiveKit ends a job');
  }

  #unhealthy(failures: number): void {
    if (this.#draining) return;
    const message = `${failures} calls failed in a row: draining, so that a supervisor can start a fresh worker. Live calls go on. Last error: ${this.flow.counts.lastError}`;
    this.#options.logger.error({ failures }, message);
    this.#drainInBackground(new OpenRtcError('POOL_UNHEALTHY', message));
  }

  tainted(error: unknown): void {
    this.#drainInBackground(tainted(error));
  }

  // run() waits for `finished` and reports what it rejects with.
  #drainInBackground(why: OpenRtcError): void {
    this.drain(why).catch((error: unknown) =>
      this.#options.logger.debug({ error }, 'drained after a fault'),
    );
  }
}

/** What `run()` rejects with after an error no call can be blamed for. */
export function tainted(error: unknown): OpenRtcError {
  return new OpenRtcError(
    'POOL_TAINTED',
    `An error no call can be blamed for: ${messageOf(error)}`,
    { cause: error },
  );
}

/** Nobody else looks after this process: the thread is there from the first call on. */
function watchHere(
  watchdog: WatchdogOptions | undefined,
  onBlock: (block: LoopBlock) => void,
): NonNullable<SessionHostOptions['watch']> {
  return { limits: watchdogLimits(watchdog), thread: 'now', onBlock };
}

async function openIsolation(
  strategy: IsolationStrategy,
  host: SessionHost,
  signal: AbortSignal,
): Promise<Isolation> {
  try {
    signal.throwIfAborted();
    return await strategy.open(host, signal);
  } catch (error) {
    await host.close();
    throw error;
  }
}
