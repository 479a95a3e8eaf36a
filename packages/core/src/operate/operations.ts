import { version as sdkVersion } from '@livekit/agents';
import { JobType } from '@livekit/protocol';
import { availableParallelism, freemem, hostname, loadavg, totalmem } from 'node:os';
import { basename } from 'node:path';

import { alsoFailed, everyStep } from '../base/every-step.js';
import { lostLogLines } from '../base/log-failures.js';
import { type Logger, silentLogger } from '../base/logger.js';
import { jobTypes } from '../call/job-offer.js';
import type { ReloadReport } from '../call/reload-report.js';
import { workerLoad } from '../link/load-curve.js';
import { Audit } from './audit.js';
import type { Noted } from './audit-event.js';
import { ControlSocket } from './control-socket.js';
import type { WorkerInfo } from './health-routes.js';
import { HealthServer } from './health-server.js';
import type { MetricFamily } from './metric-families.js';
import { OtelMetrics } from './otel-metrics.js';
import { MetricsReporter } from './metrics-reporter.js';
import type { MetricsStreamEvent } from './metrics-stream.js';
import { ReportSocket } from './report-socket.js';
import { REPORT_SCHEMA_VERSION, type WorkerReport } from './worker-report.js';
import { version } from '../base/version.js';
import type { OperateOptions } from './operate-options.js';
import type { RuntimeSnapshot } from './runtime-snapshot.js';
import type { PoolFacts, WorkerView } from './worker-view.js';
import { WorkerMetrics } from './worker-metrics.js';

/** The parts of a pool that are shown to operators. */
export interface PoolView {
  /** Options of the pool that are shown. */
  readonly facts: PoolFacts;
  /** Path of the user's entry module. */
  readonly entry: string;
  /** The current snapshot. */
  snapshot(): RuntimeSnapshot;
  /** The running worker; undefined before it runs. */
  worker(): WorkerView | undefined;
  /** Reloads the agents. Rejects where that is not possible. */
  reload(): Promise<ReloadReport>;
}

/** Everything that is open to observe and control a running pool: a server, files, sockets. None of it delays a call. */
export class Operations implements AsyncDisposable {
  readonly #view: PoolView;
  readonly #metrics: WorkerMetrics;
  #audit: Audit | undefined;
  #health: HealthServer | undefined;
  #files: MetricsReporter | undefined;
  #socket: ReportSocket | undefined;
  #control: ControlSocket | undefined;
  #otel: OtelMetrics | undefined;
  #logger: Logger = silentLogger;
  #cpu = { ms: 0, at: Number.NEGATIVE_INFINITY };

  constructor(view: PoolView) {
    this.#view = view;
    this.#metrics = new WorkerMetrics({
      snapshot: () => view.snapshot(),
      worker: () => view.worker(),
      dropped: () => ({
        json: this.#files?.dropped.json ?? 0,
        jsonl: this.#files?.dropped.jsonl ?? 0,
        top: this.#socket?.dropped ?? 0,
        log: lostLogLines(),
        ...this.#audit?.dropped,
      }),
    });
  }

  /**
   * Opens what the options ask for.
   * @throws OpenRtcError `CONFIG_PORT_IN_USE`, `CONFIG_METRICS_FILE`, `CONFIG_AUDIT_FILE`; nothing stays open in that case.
   */
  async open(options: OperateOptions, logger: Logger): Promise<void> {
    const { health, metrics, audit, introspection = true, meter } = options;
    this.#logger = logger;
    try {
      const version = this.#view.facts.deploymentVersion || null;
      this.#audit = await Audit.open({ audit, version, logger });
      if (meter !== undefined) this.#otel = new OtelMetrics(meter, () => this.metrics(), logger);
      if (health !== undefined && health !== null)
        this.#health = await HealthServer.listen(
          health,
          {
            snapshot: () => this.#view.snapshot(),
            info: () => this.#info(),
            metrics: () => this.metrics(),
          },
          logger,
        );
      if (metrics !== undefined && metrics !== null)
        this.#files = await MetricsReporter.open(
          metrics,
          {
            snapshot: () => this.#view.snapshot(),
            takeEvents: () => this.takeEvents(),
            sample: () => this.sample(),
          },
          logger,
        );
      if (introspection) await this.#openSockets();
    } catch (error) {
      await this[Symbol.asyncDispose]().catch(alsoFailed(logger));
      throw error;
    }
  }

  /** Writes an event of the audit, if there is one. Never throws and never waits. */
  note(noted: Noted): void {
    this.#audit?.note(noted);
  }

  /** Follows the calls of the worker; called when it begins to accept them. */
  follow(worker: WorkerView): void {
    this.#otel?.follow(worker.counts.metrics);
    worker.counts.events.watch(() => this.#files?.writeEvents());
  }

  /** The address of the health server; null without one. */
  get health(): RuntimeSnapshot['health'] {
    return this.#health?.address ?? null;
  }

  /** The current metrics. */
  metrics(): Promise<readonly MetricFamily[]> {
    return this.#metrics.collect();
  }

  /** Removes and returns the events since the last time; empty before the worker runs. */
  takeEvents(): readonly MetricsStreamEvent[] {
    return this.#view.worker()?.counts.events.drain() ?? [];
  }

  /** Measures the resources of calls, at most about once a second. */
  async sample(): Promise<void> {
    await this.#view.worker()?.resources.sample();
  }

  /** Closes everything that is open. */
  async [Symbol.asyncDispose](): Promise<void> {
    const otel = this.#otel;
    // The audit first: it says how everything ended, and all of them share one time box.
    const open = [this.#audit, this.#control, this.#socket, this.#files, this.#health];
    this.#otel =
      this.#audit =
      this.#control =
      this.#socket =
      this.#files =
      this.#health =
        undefined;
    await everyStep(this.#logger, [
      // It calls the meter, which is the user's.
      () => otel?.[Symbol.dispose](),
      ...open.map((each) => () => each?.[Symbol.asyncDispose]()),
    ]);
  }

  async #openSockets(): Promise<void> {
    const logger = this.#logger;
    this.#socket = await ReportSocket.listen(() => this.#report(), logger);
    this.#control = await ControlSocket.listen({
      commands: { reload: () => this.#view.reload() },
      worker: { pid: process.pid, entry: basename(this.#view.entry) },
      logger,
    });
  }

  #info(): WorkerInfo {
    const { agentName, jobTypes: types, deployment } = this.#view.facts;
    const { activeSessions, reservedSessions, maxConcurrentSessions, notReady } =
      this.#view.snapshot();
    const closed = notReady.some((why) => why === 'draining' || why === 'busy');
    return {
      agent_name: agentName,
      agent_name_is_env:
        agentName !== '' && agentName === process.env['LIVEKIT_AGENT_NAME']?.trim(),
      deployment,
      worker_type: JobType[jobTypes[types[0] ?? 'room']],
      active_jobs: activeSessions,
      worker_load: workerLoad(activeSessions + reservedSessions, maxConcurrentSessions, closed)
        .load,
      sdk_version: sdkVersion,
      project_type: 'nodejs',
      protocol_version: 1,
    };
  }

  async #report(): Promise<WorkerReport> {
    await this.sample();
    return {
      schemaVersion: REPORT_SCHEMA_VERSION,
      worker: {
        pid: process.pid,
        host: hostname(),
        entry: basename(this.#view.entry),
        version,
        node: process.versions.node,
        cpuPercent: this.#cpuPercent(),
      },
      machine: {
        cores: availableParallelism(),
        loadAverage: loadavg(),
        memoryBytes: totalmem(),
        freeMemoryBytes: freemem(),
      },
      snapshot: this.#view.snapshot(),
      processes: this.#view.worker()?.resources.processes ?? [],
    };
  }

  #cpuPercent(): number | null {
    const { user, system } = process.cpuUsage();
    const now = { ms: (user + system) / 1_000, at: performance.now() };
    const last = this.#cpu;
    this.#cpu = now;
    if (!Number.isFinite(last.at) || now.at === last.at) return null;
    return Math.round((1_000 * (now.ms - last.ms)) / (now.at - last.at)) / 10;
  }
}
