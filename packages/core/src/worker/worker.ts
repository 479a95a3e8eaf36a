import type { TenantDirectory } from '../agents/tenant-directory.js';
import { deferred } from '../base/deferred.js';
import type { BreakerChange } from '../call/breaker-change.js';
import type { MemoryState } from '../admit/memory-state.js';
import type { OpenRtcError } from '../base/errors.js';
import { alsoFailed, everyStep } from '../base/every-step.js';
import { keepSecret } from '../base/secrets.js';
import type {
  Isolation,
  IsolationStrategy,
  ProcessCounts,
  ProcessUsage,
} from '../launch/isolation-strategy.js';
import { type LiveKitEndpoint, resolveEndpoint } from '../link/livekit-endpoint.js';
import { warnIfPlain } from '../link/room-url.js';
import type { WorkerLinks } from '../link/worker-links.js';
import type { DrainCause } from '../operate/audit-event.js';
import type { FlowCounts } from '../operate/flow-counts.js';
import type { ResourceSampler } from '../operate/resource-sampler.js';
import type { CallView, WorkerView } from '../operate/worker-view.js';
import { defaultIsolation } from './default-parts.js';
import { endLateCalls } from './end-late-calls.js';
import { CLOSE_GRACE_MS } from './ending.js';
import { type ConnectRequest, assignHere, localOffer, noLink, refusedCall } from './local-call.js';
import { openIsolation } from './open-isolation.js';
import { taintedBy, unhealthyAfter } from './process-handlers.js';
import type { Reloads } from './reloads.js';
import { tightenHeap } from './tight-heap.js';
import { type WorkerParts, wire } from './wiring.js';
import type { WorkerOptions } from './worker-options.js';

/** One run of a pool: from its first connection to LiveKit to its last call. */
export class Worker implements WorkerView {
  /** How long opening the isolation took, which includes prewarm, in seconds. */
  prewarmSeconds = 0;
  readonly #options: WorkerOptions;
  readonly #endpoint: LiveKitEndpoint;
  readonly #parts: WorkerParts;
  readonly #drained = deferred();
  #isolation: Isolation | undefined;
  #draining = false;
  #fault: OpenRtcError | undefined;

  /**
   * Opens the isolation, which loads everything that calls share, and then registers with LiveKit.
   * @throws OpenRtcError `CONFIG_*`, `PREWARM_FAILED`, `LINK_UNAUTHORIZED`; nothing stays open then
   */
  static async start(options: WorkerOptions, signal: AbortSignal): Promise<Worker> {
    const { pool, resolved, source, logger } = options;
    const endpoint = resolveEndpoint(pool.livekit);
    keepSecret([endpoint.apiSecret, endpoint.workerToken, ...resolved.metadataSecrets]);
    warnIfPlain(endpoint.url, logger);
    const strategy = pool.isolation ?? (await defaultIsolation(source.packagesFrom));
    const worker = new Worker(options, endpoint);
    try {
      await worker.#open(strategy, signal);
      await worker.#register(signal);
    } catch (error) {
      await worker.#release().catch(alsoFailed(logger));
      throw error;
    }
    return worker;
  }

  private constructor(options: WorkerOptions, endpoint: LiveKitEndpoint) {
    this.#options = options;
    this.#endpoint = endpoint;
    this.#parts = wire(options, endpoint);
    this.#parts.flow.live.watchHealth((failures, last) => this.#unhealthy(failures, last));
  }

  /** Decides whether there is a place for a call. */
  get admission(): WorkerParts['admission'] {
    return this.#parts.admission;
  }

  /** The memory of the worker; undefined without a limit. */
  get memory(): MemoryState | undefined {
    return this.#parts.memory.state();
  }

  /** The connections to LiveKit. */
  get links(): WorkerLinks {
    return this.#parts.links;
  }

  /** Measures memory and CPU time of the calls. */
  get resources(): ResourceSampler {
    return this.#parts.resources;
  }

  /** The calls that have been assigned and have not ended. */
  get calls(): readonly CallView[] {
    return this.#parts.flow.live.all;
  }

  /** Counts of the calls so far. */
  get counts(): FlowCounts {
    return this.#parts.flow.counts;
  }

  /** Number of calls that have failed in a row so far. */
  get consecutiveFailures(): number {
    return this.#parts.flow.live.consecutiveFailures;
  }

  /** Latest measured delay of the event loop, in milliseconds. Undefined while no call runs in this process. */
  get eventLoopLagMs(): number | undefined {
    return this.#parts.host.eventLoopLagMs;
  }

  /** Number of processes so far. Undefined when the isolation does not count processes. */
  get processCounts(): ProcessCounts | undefined {
    return this.#parts.flow.live.launcher.processCounts;
  }

  /** Whether the worker accepts no more calls and closes after the last one. */
  get draining(): boolean {
    return this.#draining;
  }

  /** Resolves when the worker has drained and closed; rejects when a fault made it drain. */
  get finished(): Promise<void> {
    return this.#drained.promise;
  }

  /** The processes that run calls, see {@link Isolation.processes}. Empty when there are none. */
  processes(): Promise<readonly ProcessUsage[]> {
    return this.#parts.flow.live.launcher.processes();
  }

  /**
   * Starts a call that LiveKit does not offer. Resolves when it is launched.
   * @throws OpenRtcError `SESSION_JOIN_FAILED` or `LINK_UNAUTHORIZED` when LiveKit cannot be reached or refuses the
   * key; `ROUTE_*` or `SESSION_JOIN_FAILED` when the call is refused
   */
  async connect(request: ConnectRequest): Promise<void> {
    const offer = await localOffer(request, this.#endpoint);
    const answer = await this.#parts.flow.offer(offer, noLink);
    if ('refused' in answer) throw refusedCall(answer.refused, request.room);
    await assignHere(answer, offer, this.#endpoint, this.#options.resolved.permissions);
  }

  /**
   * Accepts no more calls. Live calls, and accepted ones that are not assigned yet, go on to their own end, but at most
   * for `drainTimeoutMs`. Then everything closes. Resolves as {@link finished} does.
   * @param fault - the fault that caused it; {@link finished} rejects with it
   */
  drain(fault?: OpenRtcError): Promise<void> {
    this.#fault ??= fault;
    if (this.#draining) return this.finished;
    this.#draining = true;
    this.admission.drain();
    this.#finish().then(this.#drained.resolve, this.#drained.reject);
    return this.finished;
  }

  /** Ends live calls, and closes, within 4 s. */
  async close(): Promise<void> {
    this.#options.ending.close();
    const drained = this.drain();
    this.#parts.flow.live.launcher.hangUpAll({
      reason: 'pool_closed',
      deadline: Date.now() + CLOSE_GRACE_MS,
    });
    await drained;
  }

  /** The tenants, as this process knows them; undefined: they have no configuration. */
  get tenants(): TenantDirectory | undefined {
    return this.#options.tenants;
  }

  /** The breakers of tenants that do not take every call. */
  get breakers(): readonly BreakerChange[] {
    return this.#parts.breaker?.notClosed ?? [];
  }

  /** The reloads of its agents; undefined where code cannot be reloaded. */
  get reloads(): Reloads | undefined {
    return this.#parts.reloads;
  }

  /** Drains the worker because of an error that no call can be blamed for. */
  tainted(error: unknown): void {
    this.#drainInBackground('uncaught_error', taintedBy(error));
  }

  async #open(strategy: IsolationStrategy, signal: AbortSignal): Promise<void> {
    const openedAt = performance.now();
    const { host, memory, flow } = this.#parts;
    memory.assume(strategy.callMemoryMb);
    this.#isolation = await openIsolation(strategy, host, signal, this.#options.logger);
    flow.live.launcher.attach(this.#isolation);
    this.prewarmSeconds = (performance.now() - openedAt) / 1_000;
    if (this.#options.ownProcess) tightenHeap();
    memory.start();
  }

  async #register(signal: AbortSignal): Promise<void> {
    // After the registration, a call may have been accepted already: then drain() ends the run.
    const abort = () => this.links.callOff();
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    if (this.#options.registers) await this.links.start();
    signal.removeEventListener('abort', abort);
  }

  async #finish(): Promise<void> {
    const { launcher } = this.#parts.flow.live;
    const timer = endLateCalls(this.#options, launcher);
    const live = () => ({ jobIds: launcher.jobIds });
    await this.#options.ending.calls(() => this.admission.idle(), live);
    clearTimeout(timer);
    await this.#release().catch((error: unknown) => {
      if (this.#fault === undefined) throw error;
      alsoFailed(this.#options.logger)(error);
    });
    if (this.#fault !== undefined) throw this.#fault;
  }

  async #release(): Promise<void> {
    const { ending, logger, registry } = this.#options;
    // A server that cannot be reached must not delay the exit.
    await ending.reports(() => this.#parts.flow.live.settled());
    registry.watch(() => {});
    this.#parts.memory[Symbol.dispose]();
    for (const part of [this.#parts.breaker, this.#parts.quarantine]) part?.[Symbol.dispose]();
    ending.beginParts();
    await everyStep(logger, [
      () => ending.part('the connections to LiveKit', () => this.links.close()),
      () => ending.part('the isolation', () => this.#isolation?.[Symbol.asyncDispose]()),
      () => ending.part('the models', () => this.#parts.host.close()),
    ]);
  }

  #unhealthy(failures: number, last: string): void {
    if (this.#draining) return;
    const fault = unhealthyAfter(failures, last);
    this.#options.logger.error({ failures }, fault.message);
    this.#drainInBackground('failure_limit', fault);
  }

  // run() waits for `finished` and reports its error.
  #drainInBackground(by: DrainCause, fault: OpenRtcError): void {
    const { audit, logger } = this.#options;
    audit.draining(by, { error: fault });
    this.drain(fault).catch((error: unknown) => logger.debug({ error }, 'drained after a fault'));
  }
}
