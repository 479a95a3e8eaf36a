import { checkAll } from '../base/all-faults.js';
import { copyOptions } from '../base/copy-options.js';
import { isRecord, kindOf } from '../base/kind-of.js';
import {
  checkBoolean,
  checkGreeting,
  checkKeys,
  checkWhole,
  invalidOption,
  withoutUndefined,
} from '../base/option-checks.js';
import { printable } from '../base/printable.js';
import type { MetadataValues } from '../call/call.js';
import type { Greeting, ProviderOptions, SessionOptions } from './agent-options.js';
import { checkProvider } from './check-provider.js';
import { checkSessionOptions, PROVIDER_KEYS } from './check-session-options.js';

/** The configuration of one tenant. */
export interface TenantConfig<
  Prewarmed extends object = Record<string, unknown>,
  Metadata extends object = MetadataValues,
> extends ProviderOptions<Prewarmed, Metadata> {
  /** The name of the tenant, as a check: a configuration for another one is not used. Default: not checked. */
  tenant?: string;
  /** Said at the beginning of its calls. `null`: no greeting. Default: that of the agent. */
  greeting?: Greeting | null;
  /** Options of `AgentSession`, merged over those of the agent key by key; without providers. Default: none. */
  session?: Omit<SessionOptions<Prewarmed, Metadata>, 'stt' | 'llm' | 'tts'>;
  /** The agents that it may call; calls of others are refused (`agent_not_allowed`). Default: all. */
  agents?: readonly string[];
  /** The maximum number of its calls at a time, instead of `maxSessionsPerTenant`. Default: that. */
  maxSessions?: number;
  /** The maximum number of its calls that are accepted within a minute; further ones are refused (`tenant_rate`). Default: no limit. */
  maxCallsPerMinute?: number;
  /**
   * Whether its calls may use the providers of the agent's options and of the pool's `defaults`, where it has none of its
   * own: with the owner's keys. If it may not, and lacks one that they have, its calls are refused (`tenant_incomplete`).
   * Default: false.
   */
  inherit?: boolean;
}

const LIMIT = { min: 1, max: 100_000 } as const;

const KEYS = Object.keys({
  stt: true,
  llm: true,
  tts: true,
  tenant: true,
  greeting: true,
  session: true,
  agents: true,
  maxSessions: true,
  maxCallsPerMinute: true,
  inherit: true,
} satisfies Record<keyof TenantConfig, true>);

/**
 * Checks the configuration of a tenant. Returns a copy without what is `undefined`: nothing changes it later.
 * @throws CONFIG_INVALID_OPTION
 */
export function checkTenantConfig(tenant: string, config: unknown): TenantConfig {
  const where = `tenant "${tenant}"`;
  checkKeys(where, config, KEYS);
  checkAll([
    ...PROVIDER_KEYS.map((key) => () => checkProvider(where, key, key, config[key])),
    () => checkIsFor(where, tenant, config['tenant']),
    () => checkGreeting(where, config['greeting']),
    () => checkSession(where, config['session']),
    () => checkAgents(where, config['agents']),
    () => checkWhole(where, 'maxSessions', config['maxSessions'], LIMIT),
    () => checkWhole(where, 'maxCallsPerMinute', config['maxCallsPerMinute'], LIMIT),
    () => checkBoolean(where, 'inherit', config['inherit']),
  ]);
  const { session, greeting, agents, ...rest } = withoutUndefined<TenantConfig>(config);
  return Object.freeze({
    ...rest,
    ...(greeting === undefined ? {} : { greeting: copyOptions(greeting) }),
    ...(session === undefined ? {} : { session: copyOptions(session) }),
    ...(agents === undefined ? {} : { agents: [...agents] }),
  });
}

function checkIsFor(where: string, tenant: string, given: unknown): void {
  if (given === undefined || given === tenant) return;
  const got = typeof given === 'string' ? `"${printable(given)}"` : kindOf(given);
  throw invalidOption(where, `the configuration is that of tenant ${got}`);
}

function checkSession(where: string, session: unknown): void {
  checkSessionOptions(where, session);
  const providers = PROVIDER_KEYS.filter((key) => isRecord(session) && session[key] !== undefined);
  if (providers.length > 0)
    throw invalidOption(where, `${providers.join(', ')} must not be in session, but beside it`);
}

function checkAgents(where: string, agents: unknown): void {
  if (agents === undefined) return;
  if (!Array.isArray(agents) || !agents.every((name) => typeof name === 'string'))
    throw invalidOption(where, `agents must be an array of names, got ${kindOf(agents)}`);
}
