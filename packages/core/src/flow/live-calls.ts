import type { JobStatus } from '@livekit/protocol';

import type { Reservation } from '../admit/admission.js';
import { BlockCounts } from '../operate/block-counts.js';
import { participantOf } from '../call/job-participant.js';
import type { Call, Isolation, Placement } from '../launch/isolation.js';
import type { JobTicket } from '../call/job-ticket.js';
import { Launcher } from '../launch/launcher.js';
import type { LiveKitEndpoint } from '../link/livekit-endpoint.js';
import type { Assignment } from '../link/pending-offers.js';
import { roomUrl } from '../link/room-url.js';
import type { Logger } from '../base/logger.js';
import type { ProviderUsage } from '../call/provider-usage.js';
import { printable } from '../base/printable.js';
import type { Routed } from '../route/route.js';
import type { SessionEvent } from '../call/session-event.js';
import { FailureStreak } from '../settle/failure-streak.js';
import { finalStatus } from '../settle/final-status.js';
import { removeGhost } from '../settle/remove-ghost.js';
import type { SessionFaults } from '../call/session-faults.js';
import { Observers, type SessionObserver } from '../settle/session-observer.js';
import type { SessionOutcome } from '../call/session-outcome.js';
import { Settlement } from '../settle/settlement.js';
import type { AgentConfig, SessionInfo } from '../agents/agent-options.js';
import { FaultCounts } from './fault-counts.js';
import type { FlowCounts } from './flow-counts.js';

/** What the flow tells LiveKit of a call, over the registration the call came by. */
export interface FlowLink {
  sendRunning(jobId: string): void;
  sendFinal(update: {
    jobId: string;
    status: JobStatus.JS_SUCCESS | JobStatus.JS_FAILED;
    error: string;
  }): Promise<void>;
}

/** A call from its yes to its assignment. */
export interface AcceptedCall {
  /** What the agent joins as. */
  readonly identity: string;
  readonly routed: Routed;
  /** The agent as it was when the call was accepted. */
  readonly config: AgentConfig;
  readonly reservation: Reservation;
  readonly placement: Placement | undefined;
  readonly link: FlowLink;
}

export interface LiveCallsOptions {
  readonly isolation: Isolation;
  readonly endpoint: LiveKitEndpoint;
  readonly observers: readonly SessionObserver[];
  readonly consecutiveFailureLimit: number;
  /** Too many calls failed in a row. */
  readonly onUnhealthy: (failures: number) => void;
  readonly logger: Logger;
}

/** A call from its assignment on. */
interface LiveCall {
  readonly info: SessionInfo;
  readonly config: AgentConfig;
  readonly settlement: Settlement;
  readonly link: FlowLink;
  /** By the monotonic clock: the other one may be set while a call lasts. */
  readonly since: number;
  readonly faults: FaultCounts;
  readonly blocks: BlockCounts;
  /** So far. */
  usage: readonly ProviderUsage[];
  joined: boolean;
}

/** The second half of the flow, `launch → session → settle`: calls from their assignment to their end. */
export class LiveCalls {
  readonly launcher: Launcher;
  readonly #options: LiveCallsOptions;
  readonly #counts: FlowCounts;
  readonly #observers: Observers;
  readonly #streak: FailureStreak;
  readonly #live = new Map<string, LiveCall>();
  readonly #finishing = new Set<Promise<void>>();

  constructor(options: LiveCallsOptions, counts: FlowCounts) {
    this.#options = options;
    this.#counts = counts;
    this.launcher = new Launcher(options.isolation);
    this.#observers = new Observers(options.observers, options.logger);
    this.#streak = new FailureStreak(options.consecutiveFailureLimit);
  }

  get consecutiveFailures(): number {
    return this.#streak.length;
  }

  get all(): readonly Readonly<LiveCall>[] {
    return [...this.#live.values()];
  }

  /** The agent a live call was accepted for. */
  agentOf(jobId: string): AgentConfig | undefined {
    return this.#live.get(jobId)?.config;
  }

  /** Resolves when the ends of all calls so far have been told to everybody. */
  async settled(): Promise<void> {
    while (this.#finishing.size > 0) await Promise.all(this.#finishing);
  }

  /** What a session reports, from wherever it runs. */
  async report(event: SessionEvent): Promise<void> {
    const call = this.#live.get(event.jobId);
    if (call === undefined) {
      this.#options.logger.debug(
        { jobId: event.jobId, kind: event.kind },
        'a report of a call that is over',
      );
      return;
    }
    switch (event.kind) {
      case 'joined':
        if (call.joined) return;
        call.joined = true;
        call.link.sendRunning(event.jobId);
        this.#finish(this.#observers.started(call.info));
        break;
      case 'ending':
        await call.settlement.ending(event.outcome);
        break;
      case 'memory':
        this.#options.logger.warn(
          { jobId: event.jobId, agent: call.info.agent, ...event.memory },
          'the process of a call uses much memory',
        );
        this.#finish(this.#observers.memoryWarning(call.info, event.memory));
        break;
      case 'fault':
        call.faults.add(event.fault);
        this.#counts.fault(call.info.agent, event.fault);
        break;
      case 'usage':
        this.#counts.metrics.use(call.info.agent, event.usage, call.usage);
        call.usage = event.usage;
        break;
      case 'blocked':
        this.#counts.block(event.block);
        call.blocks.add(event.block);
        break;
    }
  }

  /** LiveKit has given us the call: launch it, and settle it when it is over. */
  begin(assignment: Assignment, accepted: AcceptedCall): void {
    const { identity, routed, config, reservation, placement, link } = accepted;
    const { call } = reservation;
    const info: SessionInfo = {
      ...call,
      metadata: routed.metadata,
      ...participantOf(assignment.job),
      startedAt: Date.now(),
    };
    const faults = new FaultCounts();
    const settlement = new Settlement({
      sendFinal: (outcome) => link.sendFinal({ jobId: call.jobId, ...finalStatus(outcome) }),
      removeGhost: () => this.#removeGhost(call, identity),
      done: (outcome) => this.#done(info, outcome, faults.taken(), reservation),
    });
    this.#live.set(call.jobId, {
      info,
      config,
      settlement,
      faults,
      blocks: new BlockCounts(),
      usage: [],
      link,
      since: performance.now(),
      joined: false,
    });
    this.#counts.start(call);
    reservation.activate();
    const ended = this.#run(assignment, call, identity, placement).then(
      () => settlement.settled(),
      (reason: unknown) => settlement.settled({ reason }),
    );
    this.#finish(ended);
  }

  async #run(
    { url, token, workerId, job }: Assignment,
    call: Call,
    identity: string,
    placement: Placement | undefined,
  ): Promise<void> {
    let media: JobTicket['media'];
    try {
      media = { kind: 'room', url: roomUrl(url, this.#options.endpoint), token };
    } catch (error) {
      placement?.release();
      throw error;
    }
    await this.launcher.launch({
      ...call,
      identity,
      workerId,
      generation: 0,
      media,
      job: job.toBinary(),
    });
  }

  async #removeGhost(call: Call, identity: string): Promise<void> {
    try {
      await removeGhost(this.#options.endpoint, call.room, identity);
    } catch (error) {
      this.#options.logger.warn(
        { error, jobId: call.jobId },
        'the participant of a lost call could not be removed; LiveKit removes it in about 20 s',
      );
    }
  }

  #done(
    info: SessionInfo,
    outcome: SessionOutcome,
    faults: SessionFaults,
    reservation: Reservation,
  ): void {
    const { logger } = this.#options;
    const since = this.#live.get(info.jobId)?.since ?? performance.now();
    const durationMs = Math.round(performance.now() - since);
    const fields = {
      jobId: info.jobId,
      agent: info.agent,
      tenant: info.tenant,
      room: printable(info.room),
      reason: outcome.reason,
      durationMs,
      ...faults,
    };
    this.#live.delete(info.jobId);
    reservation.release();
    this.#counts.end(info, outcome, durationMs);
    this.#finish(this.#observers.ended(info, outcome, faults));
    switch (outcome.status) {
      case 'success':
        logger.info({ ...fields, detail: outcome.detail }, 'a call ended');
        this.#streak.success();
        break;
      case 'cancelled':
        logger.warn(fields, 'a call was cut by the worker');
        break;
      case 'failed':
        logger.error({ ...fields, error: outcome.error }, `a call failed: ${outcome.detail ?? ''}`);
        // A network that is gone takes every call with it, and says nothing about this worker.
        if (outcome.error?.code === 'SESSION_CONNECTION_LOST') break;
        if (this.#streak.failure(info.tenant)) this.#options.onUnhealthy(this.#streak.length);
        break;
    }
  }

  #finish(work: Promise<void>): void {
    const tracked = work.finally(() => this.#finishing.delete(tracked));
    this.#finishing.add(tracked);
  }
}
