import { type JobTypeName, jobTypes } from '../call/job-offer.js';
import { kindOf } from '../base/kind-of.js';
import { checkKeys, invalidOption, withoutUndefined } from '../base/option-checks.js';
import { printable } from '../base/printable.js';
import { WHERE } from './object-options.js';

/** The permissions of an agent in its room. */
export interface AgentPermissions {
  /** To publish tracks, which it needs to speak. Default: true. */
  canPublish?: boolean;
  /** To receive the tracks of others, which it needs to hear. Default: true. */
  canSubscribe?: boolean;
  /** To send data and text, such as transcripts. Default: true. */
  canPublishData?: boolean;
  /** To change its own metadata and attributes, such as the agent state that clients show. Default: true. */
  canUpdateMetadata?: boolean;
  /** To be invisible to the other participants. Default: false. */
  hidden?: boolean;
}

/** The way in which LiveKit dispatches calls to the agents of a pool, see the pool option `dispatch`. */
export type DispatchMode = 'per_pool' | 'per_agent';

const DEFAULTS: Readonly<Required<AgentPermissions>> = {
  canPublish: true,
  canSubscribe: true,
  canPublishData: true,
  canUpdateMetadata: true,
  hidden: false,
};
const MODES: readonly unknown[] = ['per_pool', 'per_agent'] satisfies DispatchMode[];

// Each function checks one option and fills in its default. All of them throw CONFIG_INVALID_OPTION.

/** The option `permissions`. */
export function resolvePermissions(given: unknown): Readonly<Required<AgentPermissions>> {
  if (given === undefined) return DEFAULTS;
  checkKeys(`${WHERE}: permissions`, given, Object.keys(DEFAULTS));
  for (const [key, value] of Object.entries(given)) {
    if (value !== undefined && typeof value !== 'boolean')
      throw invalidOption(WHERE, `permissions.${key} must be a boolean, got ${kindOf(value)}`);
  }
  return { ...DEFAULTS, ...withoutUndefined(given) };
}

/** The option `jobTypes`. */
export function resolveJobTypes(given: unknown): readonly JobTypeName[] {
  if (given === undefined) return ['room'];
  const isType = (type: unknown): type is JobTypeName =>
    typeof type === 'string' && Object.hasOwn(jobTypes, type);
  if (Array.isArray(given) && given.length > 0 && given.every(isType)) {
    if (new Set(given).size === given.length) return [...given];
    throw invalidOption(WHERE, 'jobTypes must not name a type twice');
  }
  const known = Object.keys(jobTypes).map((type) => `'${type}'`);
  const wrong = Array.isArray(given) ? given.find((type) => !isType(type)) : given;
  const got = Array.isArray(given) && given.length === 0 ? 'an empty array' : shown(wrong);
  throw invalidOption(
    WHERE,
    `jobTypes must be an array of one or more of ${known.join(', ')}, got ${got}`,
  );
}

/** The option `dispatch`. */
export function resolveDispatch(given: unknown, agentName: string): DispatchMode {
  if (given === undefined || given === 'per_pool') return 'per_pool';
  if (!MODES.includes(given))
    throw invalidOption(WHERE, `dispatch must be 'per_pool' or 'per_agent', got ${shown(given)}`);
  if (agentName !== '')
    throw invalidOption(
      WHERE,
      `dispatch: 'per_agent' registers the agents' own names, so the pool cannot have the name "${agentName}" (agentName, LIVEKIT_AGENT_NAME) as well`,
    );
  return 'per_agent';
}

/** A word that was meant to be another one, so that a typing error can be seen; of other values the kind. */
function shown(given: unknown): string {
  return typeof given === 'string' ? printable(given) : kindOf(given);
}
