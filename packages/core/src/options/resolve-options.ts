import type { TenantDirectoryOptions } from '../agents/tenant-directory.js';
import type { BreakerLimits } from '../admit/circuit.js';
import type { QuarantineLimits } from '../admit/quarantine.js';
import { checkAll } from '../base/all-faults.js';
import { OpenRtcError } from '../base/errors.js';
import { isRecord, kindOf } from '../base/kind-of.js';
import { checkKeys, invalidOption } from '../base/option-checks.js';
import type { JobTypeName } from '../call/job-offer.js';
import { Caps } from '../call/session-caps.js';
import type { SessionLimits } from '../call/session-limits.js';
import { checkSecret } from '../route/signed-metadata.js';
import { breakerLimits } from './breaker-option.js';
import { checkOperateOptions } from './check-operate-options.js';
import {
  type AgentPermissions,
  type DispatchMode,
  resolveDispatch,
  resolveJobTypes,
  resolvePermissions,
} from './dispatch-options.js';
import { WHERE } from './object-options.js';
import { checkRow, numberOf, optionTable } from './option-table.js';
import type { AgentPoolOptions } from './pool-options.js';
import { quarantineLimits } from './quarantine-option.js';
import { tenantSource } from './tenants-option.js';

const SECRET = 'metadataSecret (OPENRTC_METADATA_SECRET)';

/** The options that have defaults, with the defaults filled in. */
export interface ResolvedOptions {
  readonly maxConcurrentSessions: number;
  readonly maxSessionsPerAgent: Caps;
  readonly maxSessionsPerTenant: Caps;
  readonly tenants: Omit<TenantDirectoryOptions, 'logger'> | undefined;
  readonly breaker: BreakerLimits | undefined;
  readonly quarantine: QuarantineLimits | undefined;
  readonly maxEventLoopLagMs: number;
  readonly maxMemoryMb: number | undefined;
  readonly consecutiveFailureLimit: number;
  readonly drainTimeoutMs: number;
  readonly maxMetadataBytes: number;
  readonly metadataSecrets: readonly string[];
  readonly agentName: string;
  readonly dispatch: DispatchMode;
  readonly jobTypes: readonly JobTypeName[];
  readonly permissions: Readonly<Required<AgentPermissions>>;
  readonly deployment: string;
  readonly deploymentVersion: string;
  readonly limits: SessionLimits;
}

/**
 * Checks all options of a pool and fills in the defaults.
 * @throws OpenRtcError `CONFIG_INVALID_OPTION`, which names the option, its valid values and the given one.
 */
export function resolveOptions(
  options: AgentPoolOptions,
  env: NodeJS.ProcessEnv = process.env,
): ResolvedOptions {
  const given: unknown = options;
  if (!isRecord(given)) checkKeys(WHERE, given, []);
  checkAll([
    () => checkKeys(WHERE, given, Object.keys(optionTable)),
    ...Object.entries(optionTable).map(
      ([name, row]) =>
        () =>
          checkRow(name, row, options[name as keyof AgentPoolOptions]),
    ),
    () => checkOperateOptions(WHERE, options),
  ]);
  const agentName = checkAgentName(
    options.agentName?.trim() ?? env['LIVEKIT_AGENT_NAME']?.trim() ?? '',
  );
  return {
    maxConcurrentSessions: numberOf(options, 'maxConcurrentSessions'),
    maxSessionsPerAgent: new Caps(options.maxSessionsPerAgent),
    maxSessionsPerTenant: new Caps(options.maxSessionsPerTenant),
    tenants: tenantSource(options.tenants, options.unknownTenant),
    breaker: breakerLimits(options.breaker),
    quarantine: quarantineLimits(options.quarantine),
    maxEventLoopLagMs: numberOf(options, 'maxEventLoopLagMs'),
    maxMemoryMb: options.maxMemoryMb,
    consecutiveFailureLimit: numberOf(options, 'consecutiveFailureLimit'),
    drainTimeoutMs: numberOf(options, 'drainTimeoutMs'),
    maxMetadataBytes: numberOf(options, 'maxMetadataBytes'),
    metadataSecrets: secretsOf(options.metadataSecret, env['OPENRTC_METADATA_SECRET']),
    agentName,
    dispatch: resolveDispatch(options.dispatch, agentName),
    jobTypes: resolveJobTypes(options.jobTypes),
    permissions: resolvePermissions(options.permissions),
    deployment: checkDeployment(
      options.deployment?.trim() ?? env['LIVEKIT_AGENT_DEPLOYMENT']?.trim() ?? '',
    ),
    deploymentVersion: checkVersion(options.deploymentVersion?.trim() ?? ''),
    limits: {
      joinTimeoutMs: numberOf(options, 'joinTimeoutMs'),
      emptyRoomGraceMs: numberOf(options, 'emptyRoomGraceMs'),
      maxSessionDurationMs: numberOf(options, 'maxSessionDurationMs'),
    },
  };
}

function secretsOf(given: unknown, env: string | undefined): readonly string[] {
  const secrets =
    given === undefined
      ? (env ?? '').split(',').filter((secret) => secret.trim() !== '')
      : typeof given === 'string'
        ? [given]
        : given;
  if (!Array.isArray(secrets) || (given !== undefined && secrets.length === 0))
    throw invalidOption(
      WHERE,
      `${SECRET} must be a string, or an array of strings, got ${kindOf(given)}`,
    );
  return secrets.map((secret: unknown) => {
    const trimmed = typeof secret === 'string' ? secret.trim() : secret;
    checkSecret(WHERE, SECRET, trimmed);
    return trimmed as string;
  });
}

// LiveKit has no limit of its own for it, and 256 bytes for the other names. Each answer has it as an attribute, and an
// answer that is too large would be a refusal.
function checkAgentName(name: string): string {
  const bytes = Buffer.byteLength(name);
  if (bytes <= 256) return name;
  throw invalidOption(
    WHERE,
    `agentName (LIVEKIT_AGENT_NAME) must be at most 256 bytes, got ${bytes}`,
  );
}

// The server closes the socket after a registration with another name, without an error.
function checkDeployment(name: string): string {
  if (Buffer.byteLength(name) <= 64 && !/[_\s\p{Cc}]/u.test(name)) return name;
  throw new OpenRtcError(
    'CONFIG_INVALID_OPTION',
    `deployment (LIVEKIT_AGENT_DEPLOYMENT) must be at most 64 bytes without underscores, spaces or control characters, got "${name}".`,
  );
}

function checkVersion(label: string): string {
  if (Buffer.byteLength(label) <= 64 && !/\p{Cc}/u.test(label)) return label;
  throw invalidOption(
    WHERE,
    `deploymentVersion must be at most 64 bytes without control characters, got ${JSON.stringify(label)}`,
  );
}
