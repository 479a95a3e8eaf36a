import { OpenRtcError } from '../base/errors.js';
import type { JobTypeName } from '../call/job-offer.js';
import { defaultSessionLimits, type SessionLimits } from '../call/session-limits.js';
import { checkAgentDefaults } from '../agents/check-agent-options.js';
import {
  type AgentPermissions,
  type DispatchMode,
  resolveDispatch,
  resolveJobTypes,
  resolvePermissions,
} from './dispatch-options.js';
import {
  checkIsolation,
  checkLiveKit,
  checkLogger,
  checkModels,
  checkObservers,
} from './object-options.js';
import { checkOperateOptions, operateKeys } from './operate-options.js';
import { checkKeys, invalidOption } from '../base/option-checks.js';
import type { AgentPoolOptions } from './pool-options.js';
import { checkPrewarm } from '../worker/prewarm.js';

/** The options that have a default, with it. */
export interface ResolvedOptions {
  readonly maxConcurrentSessions: number;
  readonly maxEventLoopLagMs: number;
  readonly consecutiveFailureLimit: number;
  readonly drainTimeoutMs: number;
  readonly agentName: string;
  readonly dispatch: DispatchMode;
  readonly jobTypes: readonly JobTypeName[];
  readonly permissions: Readonly<Required<AgentPermissions>>;
  readonly deployment: string;
  readonly limits: SessionLimits;
}

const KNOWN = [
  'isolation',
  'agents',
  'defaults',
  'prewarm',
  'models',
  'maxConcurrentSessions',
  'maxEventLoopLagMs',
  'consecutiveFailureLimit',
  'drainTimeoutMs',
  'router',
  'routerTimeoutMs',
  'agentName',
  'dispatch',
  'jobTypes',
  'permissions',
  'deploymentVersion',
  'observers',
  'setup',
  'livekit',
  'logger',
  ...operateKeys,
  'joinTimeoutMs',
  'emptyRoomGraceMs',
  'maxSessionDurationMs',
] as const satisfies readonly (keyof AgentPoolOptions)[];

const WHERE = 'AgentPool';
// Longer than any call, and what a Node timer can count.
const LONGEST_MS = 2_147_483_647;

/**
 * Checks every option that can be checked before anything runs, and fills in the defaults.
 * @throws OpenRtcError `CONFIG_INVALID_OPTION` naming the option, what it must be, and what it was.
 */
export function resolveOptions(
  options: AgentPoolOptions,
  env: NodeJS.ProcessEnv = process.env,
): ResolvedOptions {
  checkKeys(WHERE, options, KNOWN);
  if (options.defaults !== undefined) checkAgentDefaults(options.defaults);
  for (const key of ['router', 'setup'] as const) {
    const value: unknown = options[key];
    if (value !== undefined && typeof value !== 'function')
      throw invalidOption(WHERE, `${key} must be a function, got ${typeof value}`);
  }
  checkPrewarm(options.prewarm);
  checkObservers(options.observers);
  checkIsolation(options.isolation);
  checkLiveKit(options.livekit);
  checkLogger(options.logger);
  checkModels(options.models);
  checkOperateOptions(WHERE, options);
  if (options.routerTimeoutMs !== undefined)
    whole('routerTimeoutMs', options.routerTimeoutMs, 1, 900);
  const limits = {
    joinTimeoutMs: whole(
      'joinTimeoutMs',
      options.joinTimeoutMs ?? defaultSessionLimits.joinTimeoutMs,
      1,
      LONGEST_MS,
    ),
    emptyRoomGraceMs: whole(
      'emptyRoomGraceMs',
      options.emptyRoomGraceMs ?? defaultSessionLimits.emptyRoomGraceMs,
      0,
      LONGEST_MS,
    ),
    maxSessionDurationMs: whole(
      'maxSessionDurationMs',
      options.maxSessionDurationMs ?? defaultSessionLimits.maxSessionDurationMs,
      0,
      LONGEST_MS,
    ),
  };
  const agentName = text('agentName', options.agentName) ?? env['LIVEKIT_AGENT_NAME']?.trim() ?? '';
  return {
    maxConcurrentSessions: whole(
      'maxConcurrentSessions',
      options.maxConcurrentSessions ?? 50,
      1,
      100_000,
    ),
    maxEventLoopLagMs: lag(options.maxEventLoopLagMs ?? 100),
    consecutiveFailureLimit: whole(
      'consecutiveFailureLimit',
      options.consecutiveFailureLimit ?? 5,
      1,
      100_000,
    ),
    drainTimeoutMs: whole('drainTimeoutMs', options.drainTimeoutMs ?? 3_600_000, 0, LONGEST_MS),
    agentName,
    dispatch: resolveDispatch(options.dispatch, agentName),
    jobTypes: resolveJobTypes(options.jobTypes),
    permissions: resolvePermissions(options.permissions),
    deployment: checkDeployment(
      text('deploymentVersion', options.deploymentVersion) ??
        env['LIVEKIT_AGENT_DEPLOYMENT']?.trim() ??
        '',
    ),
    limits,
  };
}

function whole(name: string, value: unknown, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most)
    return value;
  throw invalidOption(
    WHERE,
    `${name} must be a whole number from ${least} to ${most}, got ${String(value)}`,
  );
}

// Less than the meter tells apart would refuse calls for nothing.
function lag(value: unknown): number {
  if (typeof value === 'number' && value >= 20) return value;
  throw invalidOption(
    WHERE,
    `maxEventLoopLagMs must be a number of milliseconds, 20 or more, or Infinity for no limit, got ${String(value)}`,
  );
}

function text(name: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value.trim() !== '') return value.trim();
  throw invalidOption(WHERE, `${name} must be a string that is not blank; leave it out for none`);
}

// What the server drops a registration for, without a word: say it here.
function checkDeployment(name: string): string {
  if (Buffer.byteLength(name) <= 64 && !/[_\s\p{Cc}]/u.test(name)) return name;
  throw new OpenRtcError(
    'CONFIG_INVALID_OPTION',
    `deploymentVersion (LIVEKIT_AGENT_DEPLOYMENT) must be at most 64 bytes without underscores, spaces or control characters, got "${name}".`,
  );
}
