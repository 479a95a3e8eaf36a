import type { JobStatus } from '@livekit/protocol';

import type { Admission, Reservation } from '../admit/admission.js';
import type { Call, Isolation, Placement, Refusal, RefusalReason } from '../launch/isolation.js';
import type { JobTicket } from '../launch/job-ticket.js';
import { participantOf } from '../job-participant.js';
import { Launcher } from '../launch/launcher.js';
import type { JobOffer } from '../link/job-offer.js';
import type { LiveKitEndpoint } from '../link/livekit-endpoint.js';
import type { Acceptance, Assignment, Declined } from '../link/pending-offers.js';
import { roomUrl } from '../link/room-url.js';
import type { Logger } from '../logger.js';
import type { AgentNames } from '../route/agent-names.js';
import { type CustomRouteOptions, route } from '../route/custom-router.js';
import { printable } from '../route/printable.js';
import type { Routed, RouteRefusal } from '../route/route.js';
import type { SessionEvent } from '../session/session-event.js';
import { FailureStreak } from '../settle/failure-streak.js';
import { finalStatus } from '../settle/final-status.js';
import { removeGhost } from '../settle/remove-ghost.js';
import { Observers, type SessionObserver } from '../settle/session-observer.js';
import type { SessionFaults } from '../settle/session-faults.js';
import type { SessionOutcome } from '../settle/session-outcome.js';
import { Settlement } from '../settle/settlement.js';
import type { SessionInfo } from './agent-config.js';
import { FaultCounts } from './fault-counts.js';
import { FlowCounts } from './flow-counts.js';

/** What the flow tells LiveKit of a call, over the registration the call came by. */
export interface FlowLink {
  sendRunning(jobId: string): void;
  sendFinal(update: {
    jobId: string;
    status: JobStatus.JS_SUCCESS | JobStatus.JS_FAILED;
    error: string;
  }): Promise<void>;
}

export interface CallFlowOptions {
  readonly agents: AgentNames;
  readonly routing: CustomRouteOptions;
  readonly admission: Admission;
  readonly isolation: Isolation;
  readonly endpoint: LiveKitEndpoint;
  readonly observers: readonly SessionObserver[];
  readonly consecutiveFailureLimit: number;
  /** Too many calls failed in a row. */
  readonly onUnhealthy: (failures: number) => void;
  readonly logger: Logger;
}

/** A call from its yes to its assignment. */
interface AcceptedCall {
  readonly offer: JobOffer;
  readonly routed: Routed;
  readonly reservation: Reservation;
  readonly placement: Placement | undefined;
  readonly link: FlowLink;
}

/** A call from its assignment on. */
interface LiveCall {
  readonly info: SessionInfo;
  readonly settlement: Settlement;
  readonly link: FlowLink;
  /** By the monotonic clock: the other one may be set while a call lasts. */
  readonly since: number;
  readonly faults: FaultCounts;
  joined: boolean;
}

/**
 * The one way a call takes:
 *
 *     link → route → admit → launch → session → settle
 *
 * The stops do not know each other; only this class calls them, in this order.
 */
export class CallFlow {
  readonly counts = new FlowCounts();
  readonly #options: CallFlowOptions;
  readonly #launcher: Launcher;
  readonly #observers: Observers;
  readonly #streak: FailureStreak;
  readonly #live = new Map<string, LiveCall>();
  readonly #finishing = new Set<Promise<void>>();

  constructor(options: CallFlowOptions) {
    this.#options = options;
    this.#launcher = new Launcher(options.isolation);
    this.#observers = new Observers(options.observers, options.logger);
    this.#streak = new FailureStreak(options.consecutiveFailureLimit);
  }

  get launcher(): Launcher {
    return this.#launcher;
  }

  get consecutiveFailures(): number {
    return this.#streak.length;
  }

  get liveCalls(): readonly Readonly<LiveCall>[] {
    return [...this.#live.values()];
  }

  /** Resolves when the ends of all calls so far have been told to everybody. */
  async settled(): Promise<void> {
    while (this.#finishing.size > 0) await Promise.all(this.#finishing);
  }

  /** An offer: which agent, and is there a place? Both are decided before LiveKit hears yes. */
  offer(offer: JobOffer, link: FlowLink): Acceptance | Declined | Promise<Acceptance | Declined> {
    const routed = route(offer, this.#options.agents, this.#options.routing);
    return routed instanceof Promise
      ? routed.then((late) => this.#admit(offer, late, link))
      : this.#admit(offer, routed, link);
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
      case 'fault':
        call.faults.add(event.fault);
        this.counts.faults.add(event.fault);
        break;
    }
  }

  #admit(offer: JobOffer, routed: Routed | RouteRefusal, link: FlowLink): Acceptance | Declined {
    if (routed.problems.length > 0)
      this.#options.logger.warn(
        { jobId: offer.jobId, problems: routed.problems },
        'metadata was not used',
      );
    // A misconfigured dispatch, not a full worker: somebody has to see it.
    if ('refused' in routed)
      return this.#refuse(offer, routed.refused, routed.message, 'error', routed.cause);
    const call: Call = {
      jobId: offer.jobId,
      agent: routed.agent,
      tenant: routed.tenant,
      room: offer.room,
    };
    const reservation = this.#options.admission.reserve(call);
    if ('refused' in reservation)
      return this.#refuse(offer, reservation.refused, reservation.message, 'info');
    const placement = this.#place(call, reservation);
    if (placement !== undefined && 'refused' in placement) {
      reservation.release();
      return this.#refuse(offer, placement.refused, placement.message, 'warn');
    }
    return this.#accept({ offer, routed, reservation, placement, link });
  }

  /** A strategy that throws must not keep the slot: nobody else would ever give it back. */
  #place(call: Call, reservation: Reservation): Placement | Refusal | undefined {
    try {
      return this.#options.isolation.reserve?.(call);
    } catch (error) {
      reservation.release();
      throw error;
    }
  }

  #accept(accepted: AcceptedCall): Acceptance {
    const { offer, routed, reservation, placement } = accepted;
    const { logger } = this.#options;
    this.counts.lastRoutedAgent = routed.agent;
    logger.info(
      {
        jobId: offer.jobId,
        agent: routed.agent,
        tenant: routed.tenant,
        room: printable(offer.room),
        by: routed.by,
      },
      'accepted a call',
    );
    const identity = `agent-${offer.jobId}`;
    return {
      identity,
      name: '',
      // Clients and LiveKit's own tools look for the agent under this name.
      attributes: { 'lk.agent.name': offer.agentName },
      assigned: (assignment) => this.#launch(assignment, accepted, identity),
      abandoned: () => {
        placement?.release();
        reservation.release();
      },
    };
  }

  #refuse(
    offer: JobOffer,
    reason: RefusalReason,
    message: string,
    level: 'info' | 'warn' | 'error',
    cause?: unknown,
  ): Declined {
    this.counts.refuse(reason);
    this.#options.logger[level](
      { jobId: offer.jobId, reason, ...(cause === undefined ? {} : { error: cause }) },
      `refused a call: ${message}`,
    );
    return { refused: reason };
  }

  #launch(assignment: Assignment, accepted: AcceptedCall, identity: string): void {
    const { routed, reservation, placement, link } = accepted;
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
      settlement,
      faults,
      link,
      since: performance.now(),
      joined: false,
    });
    this.counts.started += 1;
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
    await this.#launcher.launch({
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
        this.counts.fail(outcome);
        if (this.#streak.failure(info.tenant)) this.#options.onUnhealthy(this.#streak.length);
        break;
    }
  }

  #finish(work: Promise<void>): void {
    const tracked = work.finally(() => this.#finishing.delete(tracked));
    this.#finishing.add(tracked);
  }
}
