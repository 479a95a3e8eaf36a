import { askInTime } from '../base/ask-in-time.js';
import { messageOf } from '../base/errors.js';
import type { JobOffer } from '../call/job-offer.js';
import type { AgentNames } from '../agents/agent-names.js';
import type { MetadataValues } from '../call/call.js';
import { printable } from '../base/printable.js';
import {
  type ReadOffer,
  readOffer,
  refuse,
  refuseUnknown,
  refuseUnread,
  routeByRules,
  type Routed,
  type RouteOptions,
  type RouteRefusal,
  settleRoute,
} from './routing-rules.js';

/** The data about an offered call that a {@link Router} gets. Plain data, frozen. */
export interface RoutingRequest {
  /** The id of the job. */
  readonly jobId: string;
  /** The name of the room. The caller's side may choose it: do not trust it. */
  readonly room: string;
  /** The agent name of an explicit dispatch; empty for automatic dispatch. */
  readonly agentName: string;
  /** The metadata of the job; empty when there is none, or other text than a JSON object. */
  readonly jobMetadata: MetadataValues;
  /** The metadata of the room; empty when there is none, or other text than a JSON object. */
  readonly roomMetadata: MetadataValues;
  /** The names of the registered agents, in the order of registration. */
  readonly agents: readonly string[];
}

/**
 * Chooses the agent of a call. Returns its name, or `null` or `undefined` to apply the built-in rules. The call is
 * refused when the router throws, returns a name that is not registered, or does not answer within `routerTimeoutMs`.
 * LiveKit waits for the answer, so an asynchronous router should take only milliseconds.
 */
export type Router = (
  request: RoutingRequest,
) => string | null | undefined | Promise<string | null | undefined>;

/** Options of {@link route}. */
export interface CustomRouteOptions extends RouteOptions {
  /** The custom router. Default: none. */
  router?: Router;
  /** The time box of an asynchronous router, in milliseconds. Default: 250. */
  routerTimeoutMs?: number;
}

// LiveKit waits 3 s for all workers together, so a refusal must leave it time to ask another worker.
const ROUTER_TIMEOUT_MS = 250;

/**
 * Routes an offer: asks the user's router first, then applies the built-in rules. Returns a promise only when the router
 * does. Never throws and never rejects.
 */
export function route(
  offer: JobOffer,
  agents: AgentNames,
  options: CustomRouteOptions = {},
): Routed | RouteRefusal | Promise<Routed | RouteRefusal> {
  const read = readOffer(offer, options);
  const unread = refuseUnread(read);
  if (unread !== undefined) return unread;
  const { router, routerTimeoutMs = ROUTER_TIMEOUT_MS } = options;
  if (router === undefined) return routeByRules(read, agents, options);
  return askInTime(() => router(toRequest(read, agents)), routerTimeoutMs, {
    answered: (answer) => judgeAnswer(answer, read, agents, options),
    threw: (error) => refuseFailed(read, `threw: ${printable(messageOf(error), 200)}`, error),
    late: () => refuseFailed(read, `did not answer within ${routerTimeoutMs} ms`),
  });
}

function toRequest({ offer, job, room }: ReadOffer, agents: AgentNames): RoutingRequest {
  return Object.freeze({
    jobId: offer.jobId,
    room: offer.room,
    agentName: offer.agentName,
    jobMetadata: job.values,
    roomMetadata: room.values,
    agents: [...agents.names()],
  });
}

function judgeAnswer(
  answer: unknown,
  read: ReadOffer,
  agents: AgentNames,
  options: CustomRouteOptions,
): Routed | RouteRefusal {
  if (answer === null || answer === undefined) return routeByRules(read, agents, options);
  if (typeof answer !== 'string')
    return refuseFailed(read, `returned ${typeof answer}; return a name, or null`);
  const name = answer.trim();
  if (name === '')
    return refuseFailed(read, 'returned a blank name; return null to leave it to the rules');
  if (!agents.has(name)) return refuseUnknown(read, 'the router returned', name, agents);
  return settleRoute(read, name, 'router');
}

function refuseFailed(read: ReadOffer, what: string, cause?: unknown): RouteRefusal {
  return refuse(
    read,
    'router_failed',
    `room "${printable(read.offer.room)}": the router ${what}`,
    cause,
  );
}
