import { mergeOptions } from '../base/merge-options.js';
import type { AgentConfig, AgentDefaults, ProviderKind } from './agent-options.js';
import type { TenantConfig } from './tenant-config.js';

const KINDS: readonly ProviderKind[] = ['stt', 'llm', 'tts'];

/** The options of an agent and of the pool. */
export interface HouseOptions {
  readonly config: AgentConfig;
  readonly defaults: AgentDefaults;
}

/**
 * The kinds of providers that the options of an agent or of the pool have, and that a tenant neither has nor may use.
 */
export function missingProviders(
  { config, defaults }: HouseOptions,
  tenant: TenantConfig,
): readonly ProviderKind[] {
  if (tenant.inherit === true) return [];
  return KINDS.filter(
    (kind) => tenant[kind] === undefined && isSet(houseProvider(kind, config, defaults)),
  );
}

/** The options as they are for the calls of a tenant: its own over those of the agent. */
export function forTenant({ config, defaults }: HouseOptions, tenant: TenantConfig): HouseOptions {
  const own = tenant.inherit === true ? config : withoutProviders(config);
  const { greeting, session } = tenant;
  return {
    config: {
      ...own,
      ...Object.fromEntries(
        KINDS.filter((kind) => tenant[kind] !== undefined).map((kind) => [kind, tenant[kind]]),
      ),
      ...(greeting === undefined ? {} : { greeting }),
      ...(session === undefined ? {} : { session: mergeOptions(own.session, session) }),
    },
    defaults: tenant.inherit === true ? defaults : withoutProviders(defaults),
  };
}

function houseProvider(kind: ProviderKind, config: AgentConfig, defaults: AgentDefaults): unknown {
  return [config[kind], config.session?.[kind], defaults[kind], defaults.session?.[kind]].find(
    (value) => value !== undefined,
  );
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function withoutProviders<Options extends AgentDefaults>(options: Options): Options {
  const { stt: _stt, llm: _llm, tts: _tts, session, ...rest } = options;
  if (session === undefined) return rest as Options;
  const { stt: _sessionStt, llm: _sessionLlm, tts: _sessionTts, ...others } = session;
  return { ...rest, session: others } as Options;
}
