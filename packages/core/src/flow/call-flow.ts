import type { Admission } from '../admit/admission.js';
import type { TenantRefusal } from '../admit/tenant-check.js';
import { askFilter, type RequestFilter } from '../admit/request-filter.js';
import type { Refusal, RefusalReason } from '../call/refusal.js';
import type { Call } from '../call/call.js';
import type { JobOffer } from '../call/job-offer.js';
import type { Acceptance, Declined } from '../link/pending-offers.js';
import type { AgentNames } from '../agents/agent-names.js';
import { type CustomRouteOptions, route } from '../route/route.js';
import { printable } from '../base/printable.js';
import type { Routed, RouteRefusal } from '../route/routing-rules.js';
import type { AgentConfig } from '../agents/agent-options.js';
import { FlowCounts } from '../operate/flow-counts.js';
import type { FlowLink } from './live-call.js';
import { type AcceptedCall, LiveCalls, type LiveCallsOptions } from './live-calls.js';

/** Options of {@link CallFlow}. */
export interface CallFlowOptions extends LiveCallsOptions {
  /** The registered agents and their revisions. */
  readonly agents: AgentNames & { get(name: string): Pick<AgentConfig, 'revision'> };
  /** How calls are routed to agents. */
  readonly routing: CustomRouteOptions;
  /** Decides whether there is a place for a call. */
  readonly admission: Admission;
  /** Decides whether its tenant may have a call at all. Undefined: each may. */
  readonly tenants?: (call: Call) => TenantRefusal | undefined | Promise<TenantRefusal | undefined>;
  /** Told of a call for which a place was reserved, and that will not come. */
  readonly onGivenBack: (call: Call) => void;
  /** Told of each refusal; the call is undefined when its agent is not known. */
  readonly onRefused: (reason: RefusalReason, call: Call | undefined) => void;
  /** The last word about a call, and how long it may take in milliseconds. Undefined: every call is taken. */
  readonly filter?: { readonly ask: RequestFilter; readonly timeoutMs: number } | undefined;
}

/** A call whose agent is known. */
interface Candidate extends Pick<AcceptedCall, 'routed' | 'revision' | 'link'> {
  readonly call: Call;
}

/**
 * The path of every call:
 *
 *     link → route → admit → launch → session → settle
 *
 * The stops do not know each other. This class calls them up to the answer: `route`, `admit`, and `launch` for a place.
 * {@link LiveCalls} calls `launch` and `settle` from the assignment on. The session is run by the strategy, through
 * `worker/session-host.ts`.
 */
export class CallFlow {
  /** Counts of the calls so far. */
  readonly counts = new FlowCounts();
  /** The calls that have been assigned. */
  readonly live: LiveCalls;
  readonly #options: CallFlowOptions;

  constructor(options: CallFlowOptions) {
    this.#options = options;
    this.live = new LiveCalls(options, this.counts);
  }

  /** Answers an offer: finds its agent and takes a place for the call, or declines it. */
  offer(offer: JobOffer, link: FlowLink): Acceptance | Declined | Promise<Acceptance | Declined> {
    if (this.live.revived.has(offer.job.room?.sid))
      return this.#refuse(offer, 'room_gone', 'its room was deleted before', 'info');
    const routed = route(offer, this.#options.agents, this.#options.routing);
    return routed instanceof Promise
      ? routed.then((late) => this.#admit(offer, late, link))
      : this.#admit(offer, routed, link);
  }

  /** Counts an offer that was refused, here or by the link. */
  refused(reason: RefusalReason, call?: Call): void {
    this.counts.refuse(reason, call?.agent);
    this.#options.onRefused(reason, call);
  }

  #admit(
    offer: JobOffer,
    routed: Routed | RouteRefusal,
    link: FlowLink,
  ): Acceptance | Declined | Promise<Acceptance | Declined> {
    if (routed.problems.length > 0)
      this.#options.logger.warn(
        { jobId: offer.jobId, problems: routed.problems },
        'metadata was not used',
      );
    // An error, because the dispatch is misconfigured: someone has to correct it.
    if ('refused' in routed)
      return this.#refuse(offer, routed.refused, routed.message, 'error', { cause: routed.cause });
    // The call keeps this revision, also when the agent is replaced or removed later.
    const { revision } = this.#options.agents.get(routed.agent);
    const call: Call = {
      jobId: offer.jobId,
      agent: routed.agent,
      tenant: routed.tenant,
      room: offer.room,
    };
    const known = this.#options.tenants?.(call);
    return known instanceof Promise
      ? known.then((late) => this.#reserve(offer, { call, routed, revision, link }, late))
      : this.#reserve(offer, { call, routed, revision, link }, known);
  }

  #reserve(
    offer: JobOffer,
    { call, routed, revision, link }: Candidate,
    refusal: TenantRefusal | undefined,
  ): Acceptance | Declined | Promise<Acceptance | Declined> {
    // An error, because somebody has to configure the tenant, or its dispatch.
    if (refusal !== undefined)
      return this.#refuse(offer, refusal.refused, refusal.message, 'error', {
        call,
        cause: refusal.cause,
      });
    const reservation = this.#options.admission.reserve(call, routed.metadata);
    if ('refused' in reservation)
      return this.#refuse(offer, reservation.refused, reservation.message, 'info', { call });
    const placement = this.live.launcher.reserve(call);
    if (placement !== undefined && 'refused' in placement) {
      reservation.release();
      this.#options.onGivenBack(call);
      const { cause } = placement;
      return this.#refuse(offer, placement.refused, placement.message, 'warn', { call, cause });
    }
    const identity = `agent-${offer.jobId}`;
    const accepted = { identity, routed, revision, reservation, placement, link };
    // Last, so that it is not asked about calls for which there is no place.
    const filtered = this.#filter(call, routed);
    return filtered instanceof Promise
      ? filtered.then((late) => this.#finish(offer, accepted, late))
      : this.#finish(offer, accepted, filtered);
  }

  #filter(call: Call, { metadata }: Routed) {
    const { filter } = this.#options;
    if (filter === undefined) return undefined;
    return askFilter(filter.ask, { ...call, metadata }, filter.timeoutMs);
  }

  #finish(
    offer: JobOffer,
    accepted: AcceptedCall,
    refusal: (Refusal & { readonly cause?: unknown }) | undefined,
  ): Acceptance | Declined {
    if (refusal === undefined) return this.#accept(offer, accepted);
    this.#giveBack(offer, accepted);
    const { refused, message, cause } = refusal;
    const { call } = accepted.reservation;
    // A filter that fails has to be mended; what it refuses is as it should be.
    const level = refused === 'filtered' ? 'info' : 'error';
    return this.#refuse(offer, refused, message, level, { call, cause });
  }

  #accept(offer: JobOffer, accepted: AcceptedCall): Acceptance {
    const { identity, routed } = accepted;
    const { agent, tenant, by } = routed;
    return {
      identity,
      name: '',
      // Clients and LiveKit's own tools read the agent's name from this attribute.
      attributes: { 'lk.agent.name': offer.agentName },
      // Not before: what the link refuses instead, or cannot send, was not accepted.
      sent: () => {
        this.counts.accept(agent);
        this.#options.logger.info(
          { jobId: offer.jobId, agent, tenant, room: printable(offer.room), by },
          'accepted a call',
        );
      },
      assigned: (assignment) => this.live.begin(assignment, accepted),
      abandoned: () => this.#giveBack(offer, accepted),
    };
  }

  /** Gives back everything that was reserved for a call that will not come. */
  #giveBack(offer: JobOffer, { placement, reservation }: AcceptedCall): void {
    try {
      placement?.release();
    } catch (error) {
      // It is the strategy's, and the worker's own place must be free again.
      this.#options.logger.error(
        { error, jobId: offer.jobId },
        'the isolation failed to free a place',
      );
    }
    reservation.release();
    this.#options.onGivenBack(reservation.call);
  }

  #refuse(
    offer: JobOffer,
    reason: RefusalReason,
    message: string,
    level: 'info' | 'warn' | 'error',
    { call, cause }: { readonly call?: Call; readonly cause?: unknown } = {},
  ): Declined {
    this.refused(reason, call);
    this.#options.logger[level](
      { jobId: offer.jobId, reason, ...(cause === undefined ? {} : { error: cause }) },
      `refused a call: ${message}`,
    );
    return { refused: reason };
  }
}
