import { AsyncResource } from 'node:async_hooks';

import type { Admission, PauseReason } from '../admit/admission.js';
import type { Quarantine } from '../admit/quarantine.js';
import type { TenantBreaker } from '../admit/tenant-breaker.js';
import { checkTenant } from '../admit/tenant-check.js';
import { MemoryGuard } from '../admit/memory-guard.js';
import { MemoryMeter } from '../admit/memory-meter.js';
import type { Call } from '../call/call.js';
import type { SessionEvent } from '../call/session-event.js';
import { CallFlow } from '../flow/call-flow.js';
import type { LiveKitEndpoint } from '../link/livekit-endpoint.js';
import { workerLoad } from '../link/load-curve.js';
import type { Registration } from '../link/registration.js';
import { WorkerLinks } from '../link/worker-links.js';
import { mayNeedTurnDetector } from '../session/turn-handling.js';
import { ResourceSampler } from '../operate/resource-sampler.js';
import { watchdogLimits } from '../operate/watchdog-options.js';
import { numberOf } from '../options/option-table.js';
import type { ResolvedOptions } from '../options/resolve-options.js';
import { Reloads } from './reloads.js';
import { SessionHost } from './session-host.js';
import { type AdmissionParts, admissionOf } from './wire-admission.js';
import type { WorkerOptions } from './worker-options.js';

// By then a call is in its room and has spoken, so that most of its memory is there.
const SETTLED_MS = 10_000;
// Calls that LiveKit ends have this long for their last words, shutdown callbacks, and leaving their rooms.
const TERMINATED_MS = 4_000;

/** The parts of a worker. */
export interface WorkerParts {
  /** Decides whether there is a place for a call. */
  readonly admission: Admission;
  /** Refuses tenants whose calls are not answered. Undefined when the pool has none. */
  readonly breaker: TenantBreaker | undefined;
  /** Refuses jobs that fail again and again. Undefined when the pool has none. */
  readonly quarantine: Quarantine | undefined;
  /** Keeps the worker within its memory. */
  readonly memory: MemoryGuard;
  /** Handles offers and calls. */
  readonly flow: CallFlow;
  /** The connections to LiveKit. */
  readonly links: WorkerLinks;
  /** Runs sessions in this process. */
  readonly host: SessionHost;
  /** Measures memory and CPU time of the calls. */
  readonly resources: ResourceSampler;
  /** Reloads the agents. Undefined where that is not possible. */
  readonly reloads: Reloads | undefined;
}

/**
 * Builds the parts of a worker in the order in which a call passes them. Each part gets only parts that were built
 * before it. The isolation is attached last, with `flow.live.launcher.attach()`, because a strategy may use all of its
 * host in `open()`.
 */
export function wire(options: WorkerOptions, endpoint: LiveKitEndpoint): WorkerParts {
  const { resolved, registry, logger } = options;
  const { admission, breaker, quarantine, rate } = admissionOf(options, {
    memory: () => memory,
    onBreakerChange: (change) => flow.live.breakerChanged(change),
  });
  const flow = flowOf(options, endpoint, { admission, breaker, quarantine, rate });
  const links = linksOf(options, endpoint, admission, flow);
  const memory = memoryOf(options, admission, flow);
  admission.watch(() => {
    memory.check();
    flow.counts.full(admission.full);
    links.sendStatus();
  });
  registry.watch(() => links.sync(registrationsOf(resolved, registry.names(), options.version)));
  const host = hostOf(options, endpoint, { admission, flow, memory });
  const { launcher } = flow.live;
  const resources = new ResourceSampler({
    jobIds: () => launcher.jobIds,
    processes: () => launcher.processes(),
    logger,
  });
  const reloads = reloadsOf(options, flow, host);
  return { admission, breaker, quarantine, memory, flow, links, host, resources, reloads };
}

function reloadsOf(
  { loader, registry, audit, logger, pool }: WorkerOptions,
  flow: CallFlow,
  host: SessionHost,
): Reloads | undefined {
  if (loader === undefined) return undefined;
  const { launcher } = flow.live;
  return new Reloads({
    loader,
    registry,
    code: host.code,
    // The strategy is attached last.
    elsewhere: () => launcher.prepareChange,
    jobIds: () => launcher.jobIds,
    runsHere: (jobId) => host.runs(jobId),
    isolation: pool.isolation?.name ?? 'coroutine',
    onReport: (report, by) => {
      flow.live.reloaded(report);
      audit.reloaded(report, by);
    },
    logger,
  });
}

function memoryOf(
  { pool, resolved, registry, logger }: WorkerOptions,
  admission: Admission,
  flow: CallFlow,
): MemoryGuard {
  return new MemoryGuard({
    meter: new MemoryMeter({ maxMemoryMb: resolved.maxMemoryMb }),
    calls: () => {
      const since = performance.now() - SETTLED_MS;
      const settled = flow.live.all.filter((call) => call.since < since).length;
      return { all: admission.active + admission.reserved, settled };
    },
    idleBytes: () => flow.live.launcher.idleMemoryBytes,
    needsModels: () => registry.list().some((agent) => mayNeedTurnDetector(agent, pool.defaults)),
    onChange: pausing(admission, 'memory'),
    logger,
  });
}

/** Pauses the admission while there is a reason for it. */
function pausing(admission: Admission, reason: PauseReason) {
  return (why: string | undefined) =>
    why === undefined ? admission.resume(reason) : admission.pause(reason, why);
}

function flowOf(
  { pool, resolved, registry, tenants, observers, audit, logger }: WorkerOptions,
  endpoint: LiveKitEndpoint,
  { admission, breaker, quarantine, rate }: AdmissionParts,
): CallFlow {
  return new CallFlow({
    agents: registry,
    routing: {
      ...(pool.router === undefined ? {} : { router: pool.router }),
      ...(pool.routerTimeoutMs === undefined ? {} : { routerTimeoutMs: pool.routerTimeoutMs }),
      maxMetadataBytes: resolved.maxMetadataBytes,
      metadataSecrets: resolved.metadataSecrets,
      onlyRegisteredRooms: pool.acceptOnlyRegisteredRooms ?? false,
      byAgentName: resolved.dispatch === 'per_agent',
    },
    admission,
    ...(tenants !== undefined && {
      tenants: (call: Call) =>
        checkTenant(tenants, call, {
          config: registry.get(call.agent),
          defaults: pool.defaults ?? {},
        }),
    }),
    tenantsEpoch: () => tenants?.epoch ?? 0,
    onGivenBack: ({ tenant }) => rate.giveBack(tenant),
    onRefused: (reason, call) => audit.refused(reason, call),
    ...(pool.requestFilter !== undefined && {
      filter: {
        ask: pool.requestFilter,
        timeoutMs: numberOf(pool, 'requestFilterTimeoutMs'),
      },
    }),
    endpoint,
    observers: [...observers, audit],
    judge: (call, outcome) => {
      breaker?.judge(call, outcome);
      quarantine?.judge(call, outcome);
    },
    consecutiveFailureLimit: resolved.consecutiveFailureLimit,
    logger,
  });
}

function linksOf(
  { resolved, registry, version, audit, logger }: WorkerOptions,
  endpoint: LiveKitEndpoint,
  admission: Admission,
  flow: CallFlow,
): WorkerLinks {
  return new WorkerLinks(
    {
      endpoint,
      logger,
      onOffer: (offer, link) => flow.offer(offer, link),
      onRefused: (reason) => flow.refused(reason),
      onRegistered: (...registered) => audit.registered(...registered),
      onAnswered: (ms, accepted) =>
        flow.counts.metrics.answers.record({ accepted: String(accepted) }, ms / 1_000),
      onTermination: (jobId) => {
        const deadline = Date.now() + TERMINATED_MS;
        const known = flow.live.launcher.hangUp(jobId, { reason: 'terminated', deadline });
        logger.debug({ jobId, known }, 'LiveKit has ended a job');
      },
      status: () =>
        workerLoad(
          admission.active + admission.reserved,
          admission.max,
          admission.draining || admission.paused,
        ),
    },
    registrationsOf(resolved, registry.names(), version),
  );
}

function hostOf(
  options: WorkerOptions,
  endpoint: LiveKitEndpoint,
  { admission, flow, memory }: Pick<WorkerParts, 'admission' | 'flow' | 'memory'>,
): SessionHost {
  const { watchdog } = options;
  return new SessionHost({
    pool: options.pool,
    resolved: options.resolved,
    registry: options.registry,
    tenants: options.tenants,
    source: options.source,
    loader: options.loader,
    logger: options.logger,
    audioDevices: options.audioDevices,
    // A session reports in the async context of its call. What the pool then does, such as calling observers, must not
    // run in that context.
    report: AsyncResource.bind((event: SessionEvent) => flow.live.report(event)),
    onBusy: pausing(admission, 'lag'),
    memory,
    watch:
      watchdog === false
        ? undefined
        : {
            limits: watchdogLimits(watchdog),
            // Nothing else watches this process, so the thread starts with the first call.
            thread: 'now',
            onBlock: (block) => flow.counts.block(block),
          },
    credentials: { apiKey: endpoint.apiKey, apiSecret: endpoint.apiSecret },
  });
}

/** The registrations of a pool: one for each of its names and job types. */
function registrationsOf(
  { dispatch, agentName, jobTypes, deployment, permissions }: ResolvedOptions,
  agents: readonly string[],
  version: string,
): readonly Registration[] {
  const names = dispatch === 'per_agent' ? agents : [agentName];
  return names.flatMap((name) =>
    jobTypes.map((jobType) => ({ agentName: name, jobType, deployment, version, permissions })),
  );
}
