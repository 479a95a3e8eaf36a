import type { Reservation } from '../admit/admission.js';
import type { Logger } from '../base/logger.js';
import type { BreakerChange } from '../call/breaker-change.js';
import type { SessionInfo } from '../call/call.js';
import { CallHistory } from '../call/call-worth.js';
import { countsAgainstWorker } from '../call/caused-by.js';
import { participantOf } from '../call/job-participant.js';
import type { JobTicket } from '../call/job-ticket.js';
import type { ReloadReport } from '../call/reload-report.js';
import type { SessionEvent } from '../call/session-event.js';
import type { SessionOutcome } from '../call/session-outcome.js';
import type { SessionResult } from '../call/session-result.js';
import type { Placement } from '../launch/isolation-strategy.js';
import { Launcher } from '../launch/launcher.js';
import type { LiveKitEndpoint } from '../link/livekit-endpoint.js';
import type { Assignment } from '../link/pending-offers.js';
import { roomUrl } from '../link/room-url.js';
import { BlockCounts } from '../operate/block-counts.js';
import type { Routed } from '../route/routing-rules.js';
import { FailureStreak } from '../settle/failure-streak.js';
import { logEnd } from '../settle/log-end.js';
import { removeGhost } from '../settle/remove-ghost.js';
import { Observers, type SessionObserver } from '../settle/session-observer.js';
import { Settlement, finalStatus } from '../settle/settlement.js';
import { FaultCounts } from '../operate/fault-counts.js';
import { TurnCounts } from '../operate/turn-counts.js';
import { type FlowCounts, failureText } from '../operate/flow-counts.js';
import type { FlowLink, LiveCall } from './live-call.js';
import { RevivedRooms } from './revived-rooms.js';
import { SessionEvents } from './session-events.js';

/** A call that has been accepted and waits for its assignment. */
export interface AcceptedCall {
  /** Participant identity that the agent joins with. */
  readonly identity: string;
  /** Its agent, tenant and metadata. */
  readonly routed: Routed;
  /** Revision of the agent when the call was accepted. */
  readonly revision: number;
  /** Its place in the worker. */
  readonly reservation: Reservation;
  /** Its place in the isolation. Undefined when the strategy has no `reserve()`. */
  readonly placement: Placement | undefined;
  /** Sends the status of the call to LiveKit. */
  readonly link: FlowLink;
}

/** Options of {@link LiveCalls}. */
export interface LiveCallsOptions {
  /** The LiveKit server. */
  readonly endpoint: LiveKitEndpoint;
  /** Notified of every call. */
  readonly observers: readonly SessionObserver[];
  /** How often tenants have been forgotten so far. */
  readonly tenantsEpoch: () => number;
  /** Judges what a call is worth: when it has joined, when its worth may have changed, and at its end. */
  readonly judge: (call: LiveCall, outcome?: SessionOutcome) => void;
  /** Number of calls that may fail in a row before the worker counts as unhealthy. */
  readonly consecutiveFailureLimit: number;
  /** The worker's logger. */
  readonly logger: Logger;
}

/** The second half of the flow, `launch → session → settle`: calls from their assignment to their end. */
export class LiveCalls {
  /** Runs the calls on the isolation. */
  readonly launcher = new Launcher();
  /** Rooms that late joins of these calls have created again. */
  readonly revived: RevivedRooms;
  readonly #options: LiveCallsOptions;
  readonly #counts: FlowCounts;
  readonly #observers: Observers;
  readonly #events: SessionEvents;
  readonly #streak: FailureStreak;
  readonly #live = new Map<string, LiveCall>();
  readonly #finishing = new Set<Promise<void>>();
  #onUnhealthy: (failures: number, last: string) => void = () => {};

  constructor(options: LiveCallsOptions, counts: FlowCounts) {
    this.#options = options;
    this.#counts = counts;
    this.#observers = new Observers(options.observers, options.logger);
    this.#events = new SessionEvents({
      counts,
      observers: this.#observers,
      inBackground: (work) => this.#finish(work),
      logger: options.logger,
    });
    this.#streak = new FailureStreak(options.consecutiveFailureLimit);
    this.revived = new RevivedRooms(options.endpoint, options.logger);
  }

  /** Number of calls that have failed in a row so far. */
  get consecutiveFailures(): number {
    return this.#streak.length;
  }

  /** The calls that have been assigned and have not ended. */
  get all(): readonly Readonly<LiveCall>[] {
    return [...this.#live.values()];
  }

  /** Sets the function that is called when too many calls have failed in a row, with their number and the last error. */
  watchHealth(onUnhealthy: (failures: number, last: string) => void): void {
    this.#onUnhealthy = onUnhealthy;
  }

  /** Resolves when the ends of all calls so far have been reported to LiveKit and the observers. */
  async settled(): Promise<void> {
    while (this.#finishing.size > 0) await Promise.all(this.#finishing);
  }

  /** Handles an event of a session, wherever the session runs. Resolves when the pool has acted on it. */
  async report(event: SessionEvent): Promise<void> {
    const call = this.#live.get(event.jobId);
    if (call !== undefined) {
      // At once: LiveKit offers the second job of such a room a moment after the join.
      if (event.kind === 'ending')
        this.#finish(this.revived.remove(call.info, event.outcome, call.roomSid));
      if (call.history.add(event) || event.kind === 'joined') this.#options.judge(call);
      return this.#events.apply(event, call);
    }
    const { jobId, kind } = event;
    this.#options.logger.debug({ jobId, kind }, 'ignored an event of a call that has ended');
  }

  /** Counts a change of the breaker of a tenant, and tells the observers. */
  breakerChanged(change: BreakerChange): void {
    this.#counts.metrics.breakerChanges.add({ state: change.state });
    this.#finish(this.#observers.breakerChanged(change));
  }

  /** Counts a reload of the agents, and tells the observers. */
  reloaded(report: ReloadReport): void {
    this.#counts.reload(report);
    this.#finish(this.#observers.reloaded(report));
  }

  /** Launches a call that LiveKit has assigned, and settles it when it has ended. */
  begin(assignment: Assignment, accepted: AcceptedCall): void {
    const { identity, routed, reservation, link } = accepted;
    const { jobId } = reservation.call;
    const info: SessionInfo = Object.freeze({
      ...reservation.call,
      metadata: routed.metadata,
      ...participantOf(assignment.job),
      startedAt: Date.now(),
    });
    const call: LiveCall = {
      info,
      settlement: new Settlement({
        sendFinal: (outcome) => link.sendFinal({ jobId, ...finalStatus(outcome) }),
        removeGhost: () => this.#removeGhost(info, identity),
        done: (outcome) => this.#done(call, outcome, reservation),
      }),
      link,
      since: performance.now(),
      faults: new FaultCounts(),
      turns: new TurnCounts(),
      history: new CallHistory(),
      blocks: new BlockCounts(),
      roomSid: assignment.job.room?.sid,
      usage: [],
      generation: 0,
      joined: false,
    };
    this.#live.set(jobId, call);
    this.#counts.start(info);
    reservation.activate();
    const ended = this.#run(assignment, accepted, info).then(
      () => call.settlement.settled(),
      (reason: unknown) => call.settlement.settled({ reason }),
    );
    this.#finish(ended);
  }

  async #run(
    { url, token, workerId, job }: Assignment,
    { identity, revision, placement }: AcceptedCall,
    info: SessionInfo,
  ): Promise<void> {
    let media: JobTicket['media'];
    try {
      media = { kind: 'room', url: roomUrl(url, this.#options.endpoint), token };
    } catch (error) {
      placement?.release();
      throw error;
    }
    const tenantsEpoch = this.#options.tenantsEpoch();
    await this.launcher.launch({ info, revision, tenantsEpoch, identity, workerId, media, job });
  }

  async #removeGhost({ jobId, room }: SessionInfo, identity: string): Promise<void> {
    try {
      await removeGhost(this.#options.endpoint, room, identity);
    } catch (error) {
      this.#options.logger.warn(
        { error, jobId },
        'the participant of a lost call could not be removed; LiveKit will remove it in about 20 s',
      );
    }
  }

  #done(call: LiveCall, outcome: SessionOutcome, reservation: Reservation): void {
    const { info, since, faults, turns, usage } = call;
    const result: SessionResult = {
      ...outcome,
      durationMs: Math.round(performance.now() - since),
      faults: faults.snapshot(),
      turns: turns.snapshot(),
      usage,
    };
    this.#live.delete(info.jobId);
    reservation.release();
    this.#counts.end(info, result);
    this.#finish(this.#observers.ended(info, result));
    logEnd(this.#options.logger, info, result);
    this.#options.judge(call, outcome);
    this.#judge(info, outcome);
  }

  /** A call that the worker ended, and a failure that others caused, count neither as a success nor as a failure. */
  #judge({ tenant }: SessionInfo, outcome: SessionOutcome): void {
    const { status, causedBy } = outcome;
    if (status === 'success') this.#streak.success();
    if (status !== 'failed' || !countsAgainstWorker(causedBy)) return;
    if (this.#streak.failure(tenant)) this.#onUnhealthy(this.#streak.length, failureText(outcome));
  }

  #finish(work: Promise<void>): void {
    const tracked = work.finally(() => this.#finishing.delete(tracked));
    this.#finishing.add(tracked);
  }
}
