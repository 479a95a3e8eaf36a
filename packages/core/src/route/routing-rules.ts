import type { Refusal } from '../call/refusal.js';
import type { JobOffer } from '../call/job-offer.js';
import { type AgentNames, listNames } from '../agents/agent-names.js';
import { type Metadata, mergeMetadata, readMetadata } from './metadata.js';
import { type MetadataValues } from '../call/call.js';
import { isClaim, verifyValues } from './signed-metadata.js';
import { printable } from '../base/printable.js';
import { type MetadataSource, readTenant } from './tenant.js';

/** The rule that chose the agent of a call. */
export type RoutedBy =
  | 'router'
  | 'agent_name'
  | 'job_metadata'
  | 'room_metadata'
  | 'room_prefix'
  | 'first_registered';

/** The agent and the tenant of a call. */
export interface Routed {
  /** The name of the agent. */
  readonly agent: string;
  /** The tenant. */
  readonly tenant: string;
  /** The rule that chose the agent. */
  readonly by: RoutedBy;
  /** The room metadata with the job metadata merged over it. */
  readonly metadata: MetadataValues;
  /** Metadata that could not be used, for the log, e.g. `job metadata is not valid JSON`. */
  readonly problems: readonly string[];
}

/** The refusal of a call that could not be routed. */
export interface RouteRefusal extends Refusal {
  /** The reason. */
  readonly refused:
    | 'unknown_agent'
    | 'invalid_tenant'
    | 'invalid_metadata'
    | 'invalid_signature'
    | 'unregistered_room'
    | 'router_failed';
  /** The error that the router threw; absent for other refusals. */
  readonly cause?: unknown;
  /** As in {@link Routed}. */
  readonly problems: readonly string[];
}

/** Options of the built-in rules. */
export interface RouteOptions {
  /**
   * Whether a room named `sales-…` is for the agent `sales`. Then anyone who may choose the room name chooses the agent.
   * Default: true.
   */
  roomPrefix?: boolean;
  /**
   * Whether the agent name of an explicit dispatch is the name of a registered agent. It then comes before all
   * metadata. Default: false.
   */
  byAgentName?: boolean;
  /** Whether a call that names no agent, by metadata or room name, is refused instead of going to the first. Default: false. */
  onlyRegisteredRooms?: boolean;
  /** The maximum size of the metadata of a job or a room, in bytes. Default: 524 288 (512 KiB), LiveKit's own limit. */
  maxMetadataBytes?: number;
  /**
   * Secrets of signed metadata. With them, only signed metadata is read, a call whose metadata names an agent or a tenant
   * without a valid signature is refused, and a room name chooses no agent. Default: none, all metadata is read.
   */
  metadataSecrets?: readonly string[];
}

/** An offer with its metadata parsed. */
export interface ReadOffer {
  /** The offer. */
  readonly offer: JobOffer;
  /** The metadata of the job. */
  readonly job: Metadata;
  /** The metadata of the room. */
  readonly room: Metadata;
}

/** Parses the metadata of an offer. Call it once per offer. */
export function readOffer(
  offer: JobOffer,
  { maxMetadataBytes, metadataSecrets = [] }: RouteOptions,
): ReadOffer {
  const [job, room] = [offer.jobMetadata, offer.roomMetadata].map((text) => {
    const metadata = readMetadata(text, maxMetadataBytes);
    return metadataSecrets.length === 0
      ? metadata
      : signedOnly(metadata, offer.room, metadataSecrets);
  }) as [Metadata, Metadata];
  return { offer, job, room };
}

/** Metadata without values that nobody has signed. */
function signedOnly(metadata: Metadata, room: string, secrets: readonly string[]): Metadata {
  if (Object.keys(metadata.values).length === 0) return metadata;
  const verified = verifyValues(metadata.values, { secrets, room });
  if ('values' in verified) return { values: mergeMetadata(verified.values) };
  const { problem } = verified;
  return { values: mergeMetadata(), problem, ...(isClaim(metadata.values) && { unsigned: true }) };
}

/** The refusal of a call whose metadata could not be read, or has no valid signature; undefined when it is as it should. */
export function refuseUnread(read: ReadOffer): RouteRefusal | undefined {
  if (read.job.unsigned === true || read.room.unsigned === true) {
    const problems = problemsOf(read).join(', and the ');
    const message = `room "${printable(read.offer.room)}": the ${problems}, so its agent and its tenant are not believed (metadataSecret)`;
    return { refused: 'invalid_signature', message, problems: [] };
  }
  if (read.job.unread !== true && read.room.unread !== true) return undefined;
  const problems = problemsOf(read).join(', and the ');
  const message = `room "${printable(read.offer.room)}": the ${problems}, so it is not known which agent and tenant the call is for`;
  return { refused: 'invalid_metadata', message, problems: [] };
}

/**
 * Routes a call by the built-in rules, in this order: the agent name of the dispatch, with `byAgentName`; `agent`, then
 * `demo` of the job metadata; the same of the room metadata; the longest registered name that is, with a dash, a prefix
 * of the room name; the agent that was registered first. Names are trimmed and case-sensitive. A call that names an
 * agent that is not registered is refused; the next rules do not apply. So is one whose metadata is an object that
 * cannot be read: it may name an agent.
 */
export function routeOffer(
  offer: JobOffer,
  agents: AgentNames,
  options: RouteOptions = {},
): Routed | RouteRefusal {
  const read = readOffer(offer, options);
  return refuseUnread(read) ?? routeByRules(read, agents, options);
}

/** {@link routeOffer} for an offer whose metadata is already parsed. */
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
    if (typeof name !== 'string')
      return refuse(
        read,
        'unknown_agent',
        `room "${printable(read.offer.room)}": the agent in the ${where} is not a string`,
      );
    if (!agents.has(name)) return refuseUnknown(read, `the ${where} names`, name, agents);
    return settleRoute(read, name, where === 'job metadata' ? 'job_metadata' : 'room_metadata');
  }
  const names = agents.names();
  // What a caller may choose chooses nothing where metadata must be signed.
  const usesPrefix = options.roomPrefix !== false && (options.metadataSecrets ?? []).length === 0;
  const prefixed = usesPrefix ? longestPrefix(read.offer.room, names) : undefined;
  if (prefixed !== undefined) return settleRoute(read, prefixed, 'room_prefix');
  const first = names[0];
  if (first === undefined) return refuse(read, 'unknown_agent', 'no agent is registered');
  if (options.onlyRegisteredRooms === true)
    return refuse(
      read,
      'unregistered_room',
      `room "${printable(read.offer.room)}": neither its metadata nor its name names an agent (acceptOnlyRegisteredRooms)`,
    );
  return settleRoute(read, first, 'first_registered');
}

/** Adds the tenant and the metadata to a call whose agent is known, or refuses an invalid tenant. */
export function settleRoute(read: ReadOffer, agent: string, by: RoutedBy): Routed | RouteRefusal {
  const found = readTenant(sourcesOf(read));
  if ('problem' in found)
    return refuse(read, 'invalid_tenant', `room "${printable(read.offer.room)}": ${found.problem}`);
  const metadata = withCleanNames(found.tenant, read.room.values, read.job.values);
  return { agent, tenant: found.tenant, by, metadata, problems: problemsOf(read) };
}

/** Refuses a call for an agent that is not registered. `namedBy` begins the sentence, e.g. `the job metadata names`. */
export function refuseUnknown(
  read: ReadOffer,
  namedBy: string,
  name: string,
  agents: AgentNames,
): RouteRefusal {
  const message = `room "${printable(read.offer.room)}": ${namedBy} agent "${printable(name)}", which is not registered (${listNames(agents)})`;
  return refuse(read, 'unknown_agent', message);
}

/** Refuses a call. `cause` is for the log. */
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

/** The first value that is there: a name, trimmed, or something that is not a name. */
function firstName(...values: readonly unknown[]): unknown {
  return values
    .map((value) => (typeof value === 'string' ? value.trim() : value))
    .find((value) => value !== '' && value !== undefined && value !== null);
}

/** Merges metadata; the names in it that choose agent and tenant are as the call has them. */
function withCleanNames(tenant: string, ...layers: readonly MetadataValues[]): MetadataValues {
  const merged = mergeMetadata(...layers);
  const clean: Record<string, unknown> = {};
  for (const key of ['agent', 'demo'])
    if (typeof merged[key] === 'string') clean[key] = merged[key].trim();
  if ('tenant' in merged) clean['tenant'] = tenant;
  return mergeMetadata(merged, clean);
}

function longestPrefix(room: string, names: readonly string[]): string | undefined {
  let longest: string | undefined;
  for (const name of names) {
    if (room.startsWith(`${name}-`) && name.length > (longest?.length ?? 0)) longest = name;
  }
  return longest;
}
