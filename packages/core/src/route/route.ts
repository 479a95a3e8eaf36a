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
  routeByRules,
  type Routed,
  type RouteOptions,
  type RouteRefusal,
  settleRoute,
} from './routing-rules.js';

/** What a {@link Router} decides on: plain data about one offered call. */
export interface RoutingRequest {
  readonly jobId: string;
  /** Often chosen by the caller's side: do not trust it. */
  readonly room: string;
  /** The agent name of an explicit dispatch; empty for automatic dispatch. */
  readonly agentName: string;
  /** Empty when the job has none, or none that can be read. */
  readonly jobMetadata: MetadataValues;
  /** Empty when the room has none, or none that can be read. */
  readonly roomMetadata: MetadataValues;
  /** The registered names, in the order of registration. */
  readonly agents: readonly string[];
}

/**
 * Chooses the agent of a call by name, before the built-in rules; `null` or `undefined` leaves it to
 * them. A throw, a name that is not registered, or no answer within the time box refuses the call.
 * LiveKit waits for the answer, so an asynchronous router should take milliseconds.
 */
export type Router = (
  request: RoutingRequest,
) => string | null | undefined | Promise<string | null | undefined>;

/** How calls are routed. */
export interface CustomRouteOptions extends RouteOptions {
  router?: Router;
  /** Time box of an asynchronous router in milliseconds. Default: 250. */
  routerTimeoutMs?: number;
}

// A call is lost when no worker answered its offer within 3 s; the answer should be there in half a
// second, and a refusal leaves time to ask another worker.
const ROUTER_TIMEOUT_MS = 250;

/**
 * Which agent answers an offer: the user's router first, then the built-in rules. The answer is a
 * promise only when the router's is. Never throws, never rejects.
 */
export function route(
  offer: JobOffer,
  agents: AgentNames,
  options: CustomRouteOptions = {},
): Routed | RouteRefusal | Promise<Routed | RouteRefusal> {
  const read = readOffer(offer);
  const { router, routerTimeoutMs = ROUTER_TIMEOUT_MS } = options;
  if (router === undefined) return routeByRules(read, agents, options);
  const judge = (answer: unknown): Routed | RouteRefusal =>
    judgeAnswer(answer, read, agents, options);
  const fail = (error: unknown): RouteRefusal =>
    refuseFailed(read, `threw: ${printable(messageOf(error), 200)}`, error);
  try {
    const answer: unknown = router(toRequest(read, agents));
    return isThenable(answer)
      ? withinTimeBox(answer, routerTimeoutMs, read, judge, fail)
      : judge(answer);
  } catch (error) {
    return fail(error);
  }
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

// Both outcomes of a late answer have a handler, so it is ignored and never an unhandled rejection.
function withinTimeBox(
  answer: PromiseLike<unknown>,
  timeoutMs: number,
  read: ReadOffer,
  judge: (value: unknown) => Routed | RouteRefusal,
  fail: (error: unknown) => RouteRefusal,
): Promise<Routed | RouteRefusal> {
  return new Promise((resolve) => {
    let open = true;
    const settle = (verdict: () => Routed | RouteRefusal): void => {
      if (!open) return;
      open = false;
      clearTimeout(timer);
      resolve(verdict());
    };
    const timer = setTimeout(
      () => settle(() => refuseFailed(read, `did not answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
    Promise.resolve(answer).then(
      (value) => settle(() => judge(value)),
      (error: unknown) => settle(() => fail(error)),
    );
  });
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  );
}
