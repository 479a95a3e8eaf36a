import type { Refusal } from '../call/refusal.js';
import type { JobOffer } from '../call/job-offer.js';
import { type AgentNames, listNames } from '../agents/agent-names.js';
import { type Metadata, mergeMetadata, readMetadata } from './metadata.js';
import { type MetadataValues } from '../call/call.js';
import { printable } from '../base/printable.js';
import { type MetadataSource, readTenant } from './tenant.js';

/** What named the agent of a call. */
export type RoutedBy =
  | 'router'
  | 'agent_name'
  | 'job_metadata'
  | 'room_metadata'
  | 'room_prefix'
  | 'first_registered';

/** Which agent answers, for whom, and why that one. */
export interface Routed {
  readonly agent: string;
  readonly tenant: string;
  readonly by: RoutedBy;
  /** Room metadata, then job metadata over it. */
  readonly metadata: MetadataValues;
  /** What could not be read on the way, for the log, e.g. `job metadata is not valid JSON`. */
  readonly problems: readonly string[];
}

/** A call that no agent answers. */
export interface RouteRefusal extends Refusal {
  readonly refused: 'unknown_agent' | 'invalid_tenant' | 'router_failed';
  /** What the router threw. */
  readonly cause?: unknown;
  /** As in {@link Routed}. */
  readonly problems: readonly string[];
}

/** Choices about the built-in rules. */
export interface RouteOptions {
  /**
   * Whether a room named `sales-…` is for the agent `sales`. Default: true. Whoever may choose the
   * room name chooses the agent.
   */
  roomPrefix?: boolean;
  /**
   * Whether the agent name of an explicit dispatch is the name of a registered agent, and goes before
   * all metadata. Default: false.
   */
  byAgentName?: boolean;
}

/** An offer with its metadata parsed: what every rule looks at. */
export interface ReadOffer {
  readonly offer: JobOffer;
  readonly job: Metadata;
  readonly room: Metadata;
}

/** Parses the metadata of an offer. Call it once per offer. */
export function readOffer(offer: JobOffer): ReadOffer {
  return { offer, job: readMetadata(offer.jobMetadata), room: readMetadata(offer.roomMetadata) };
}

/**
 * The built-in rules, in this order: the job's agent name, where names are those of agents; `agent`, then `demo`, of the job metadata; the same of the room
 * metadata; the longest registered name that, with a dash, begins the room name; the agent registered
 * first. Names are trimmed and case-sensitive. Naming an agent that is not registered is a refusal,
 * never a fallback.
 */
export function routeOffer(
  offer: JobOffer,
  agents: AgentNames,
  options: RouteOptions = {},
): Routed | RouteRefusal {
  return routeByRules(readOffer(offer), agents, options);
}

/** {@link routeOffer} for an offer already read. */
export function routeByRules(
  read: ReadOffer,
  agents: AgentNames,
  options: RouteOptions,
): Routed | RouteRefusal {
  if (options.byAgentName === true && read.offer.agentName !== '') {
    const name = read.offer.agentName;
    if (!agents.has(name)) return refuseUnknown(read, 'the dispatch is for', name, agents);
    return settleRoute(read, name, 'agent_name');
  }
  for (const { where, values } of sourcesOf(read)) {
    const name = firstName(values.agent, values.demo);
    if (name === undefined) continue;
    if (!agents.has(name)) return refuseUnknown(read, `the ${where} names`, name, agents);
    return settleRoute(read, name, where === 'job metadata' ? 'job_metadata' : 'room_metadata');
  }
  const names = agents.names();
  const prefixed = options.roomPrefix === false ? undefined : longestPrefix(read.offer.room, names);
  if (prefixed !== undefined) return settleRoute(read, prefixed, 'room_prefix');
  const first = names[0];
  if (first === undefined) return refuse(read, 'unknown_agent', 'no agent is registered');
  return settleRoute(read, first, 'first_registered');
}

/** The last question of every route: the tenant of a call whose agent is known. */
export function settleRoute(read: ReadOffer, agent: string, by: RoutedBy): Routed | RouteRefusal {
  const found = readTenant(sourcesOf(read));
  if ('problem' in found)
    return refuse(read, 'invalid_tenant', `room "${printable(read.offer.room)}": ${found.problem}`);
  const metadata = mergeMetadata(read.room.values, read.job.values);
  return { agent, tenant: found.tenant, by, metadata, problems: problemsOf(read) };
}

/** Refuses a call for an agent nobody registered. `namedBy` reads like `the job metadata names`. */
export function refuseUnknown(
  read: ReadOffer,
  namedBy: string,
  name: string,
  agents: AgentNames,
): RouteRefusal {
  const message = `room "${printable(read.offer.room)}": ${namedBy} agent "${printable(name)}", which is not registered (${listNames(agents)})`;
  return refuse(read, 'unknown_agent', message);
}

/** Refuses a call; `cause` is kept for the log. */
export function refuse(
  read: ReadOffer,
  refused: RouteRefusal['refused'],
  message: string,
  cause?: unknown,
): RouteRefusal {
  return {
    refused,
    message,
    problems: problemsOf(read),
    ...(cause === undefined ? {} : { cause }),
  };
}

function sourcesOf(read: ReadOffer): readonly MetadataSource[] {
  return [
    { where: 'job metadata', values: read.job.values },
    { where: 'room metadata', values: read.room.values },
  ];
}

function problemsOf({ job, room }: ReadOffer): readonly string[] {
  const problems: string[] = [];
  if (job.problem !== undefined) problems.push(`job metadata ${job.problem}`);
  if (room.problem !== undefined) problems.push(`room metadata ${room.problem}`);
  return problems;
}

function firstName(...values: readonly unknown[]): string | undefined {
  for (const value of values) {
    const name = typeof value === 'string' ? value.trim() : '';
    if (name !== '') return name;
  }
  return undefined;
}

function longestPrefix(room: string, names: readonly string[]): string | undefined {
  let longest: string | undefined;
  for (const name of names) {
    if (room.startsWith(`${name}-`) && name.length > (longest?.length ?? 0)) longest = name;
  }
  return longest;
}
