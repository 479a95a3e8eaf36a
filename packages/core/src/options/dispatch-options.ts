import { type JobTypeName, jobTypes } from '../call/job-offer.js';
import { kindOf } from '../base/kind-of.js';
import { checkKeys, invalidOption } from '../base/option-checks.js';

/** What an agent may do in its room. */
export interface AgentPermissions {
  /** Publish tracks: speak. Default: true. */
  canPublish?: boolean;
  /** Receive the tracks of others: hear. Default: true. */
  canSubscribe?: boolean;
  /** Send data and text: transcripts, replies. Default: true. */
  canPublishData?: boolean;
  /** Change its own metadata and attributes, by which clients show what it does. Default: true. */
  canUpdateMetadata?: boolean;
  /** Not shown to the others in the room. Default: false. */
  hidden?: boolean;
}

/** How calls find the agents of a pool, see the option `dispatch`. */
export type DispatchMode = 'per_pool' | 'per_agent';

const DEFAULTS: Readonly<Required<AgentPermissions>> = {
  canPublish: true,
  canSubscribe: true,
  canPublishData: true,
  canUpdateMetadata: true,
  hidden: false,
};
const MODES: readonly unknown[] = ['per_pool', 'per_agent'] satisfies DispatchMode[];
const WHERE = 'AgentPool';

// All throw CONFIG_INVALID_OPTION, and fill in the default.

export function resolvePermissions(given: unknown): Readonly<Required<AgentPermissions>> {
  if (given === undefined) return DEFAULTS;
  checkKeys(`${WHERE}: permissions`, given, Object.keys(DEFAULTS));
  for (const [key, value] of Object.entries(given)) {
    if (value !== undefined && typeof value !== 'boolean')
      throw invalidOption(WHERE, `permissions.${key} must be a boolean, got ${kindOf(value)}`);
  }
  const known = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...DEFAULTS, ...Object.fromEntries(known) };
}

export function resolveJobTypes(given: unknown): readonly JobTypeName[] {
  if (given === undefined) return ['room'];
  const isType = (type: unknown): type is JobTypeName =>
    typeof type === 'string' && Object.hasOwn(jobTypes, type);
  if (Array.isArray(given) && given.length > 0 && given.every(isType)) {
    if (new Set(given).size === given.length) return given;
    throw invalidOption(WHERE, 'jobTypes must not name a type twice');
  }
  const known = Object.keys(jobTypes).map((type) => `'${type}'`);
  throw invalidOption(WHERE, `jobTypes must be an array of one or more of ${known.join(', ')}`);
}

export function resolveDispatch(given: unknown, agentName: string): DispatchMode {
  if (given === undefined || given === 'per_pool') return 'per_pool';
  if (!MODES.includes(given))
    throw invalidOption(WHERE, `dispatch must be 'per_pool' or 'per_agent', got ${kindOf(given)}`);
  if (agentName !== '')
    throw invalidOption(
      WHERE,
      `dispatch: 'per_agent' registers the agents' own names, so the pool cannot have the name "${agentName}" (agentName, LIVEKIT_AGENT_NAME) as well`,
    );
  return 'per_agent';
}
