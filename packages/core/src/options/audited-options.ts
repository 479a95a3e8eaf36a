import { isRecord, kindOf } from '../base/kind-of.js';
import type { AuditOptions } from '../operate/audit-options.js';
import { optionTable } from './option-table.js';
import type { AgentPoolOptions } from './pool-options.js';
import type { ResolvedOptions } from './resolve-options.js';

type Numeric = {
  [Name in keyof typeof optionTable]: (typeof optionTable)[Name] extends {
    readonly kind: 'whole' | 'number';
  }
    ? Name
    : never;
}[keyof typeof optionTable];

type Show = (options: AgentPoolOptions, resolved: ResolvedOptions) => unknown;

/**
 * What the audit shows of each option that is no number. A new option does not compile without its row. No row shows a
 * secret, the configuration of a tenant, a function or a provider; undefined: the option is not shown.
 */
const rows: Readonly<Record<Exclude<keyof AgentPoolOptions, Numeric>, Show>> = {
  isolation: ({ isolation }) => isolation?.name ?? 'coroutine',
  // The event has those that are registered.
  agents: () => undefined,
  defaults: ({ defaults = {} }) =>
    Object.fromEntries(Object.entries(defaults).map(([key, value]) => [key, modelOf(key, value)])),
  prewarm: ({ prewarm }) => (isRecord(prewarm) ? Object.keys(prewarm) : given(prewarm)),
  models: ({ models }) => (models === undefined ? 'default' : given(models)),
  maxSessionsPerAgent: ({ maxSessionsPerAgent }) => maxSessionsPerAgent ?? null,
  maxSessionsPerTenant: ({ maxSessionsPerTenant: caps = null }) =>
    isRecord(caps) ? tenantsIn(caps) : caps,
  tenants: ({ tenants }) =>
    isRecord(tenants) && typeof tenants['resolve'] !== 'function'
      ? tenantsIn(tenants)
      : given(tenants),
  unknownTenant: ({ unknownTenant }) => unknownTenant ?? 'refuse',
  breaker: (_, { breaker }) => breaker ?? false,
  quarantine: (_, { quarantine }) => quarantine ?? false,
  router: ({ router }) => given(router),
  acceptOnlyRegisteredRooms: (options) => options.acceptOnlyRegisteredRooms ?? false,
  requestFilter: ({ requestFilter }) => given(requestFilter),
  metadataSecret: (_, { metadataSecrets }) => ({ secrets: metadataSecrets.length }),
  agentName: (_, { agentName }) => agentName,
  dispatch: (_, { dispatch }) => dispatch,
  jobTypes: (_, { jobTypes }) => jobTypes,
  permissions: (_, { permissions }) => permissions,
  deploymentVersion: (_, { deploymentVersion }) => deploymentVersion,
  deployment: (_, { deployment }) => deployment,
  observers: ({ observers = [] }) => observers.length,
  setup: ({ setup }) => given(setup),
  livekit: ({ livekit }) => ({
    url: withoutCredentials(livekit?.url ?? process.env['LIVEKIT_URL'] ?? ''),
    allowedHosts: livekit?.allowedHosts ?? [],
  }),
  logger: ({ logger }) => given(logger),
  health: ({ health }) =>
    health && { port: health.port, host: health.host, token: health.token !== undefined },
  metrics: ({ metrics }) => metrics,
  audit: ({ audit }) => audit && sinksOf(audit),
  introspection: ({ introspection }) => introspection ?? true,
  meter: ({ meter }) => given(meter),
  watchdog: ({ watchdog }) => watchdog ?? {},
};

/** The options of a run as plain data for the audit, defaults included. There are no secrets in it. */
export function auditedOptions(
  options: AgentPoolOptions,
  resolved: ResolvedOptions,
): Readonly<Record<string, unknown>> {
  const numbers = Object.entries(optionTable).flatMap(([name, row]) => {
    if (row.kind !== 'whole' && row.kind !== 'number') return [];
    const value = options[name as Numeric] ?? ('default' in row ? row.default : null);
    return [[name, value] as const];
  });
  const others = Object.entries(rows).map(([name, show]) => [name, show(options, resolved)]);
  return Object.fromEntries([...numbers, ...others]) as Readonly<Record<string, unknown>>;
}

/** Only whether there is one. */
function given(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** A provider that is named as text; of everything else the kind. */
function modelOf(key: string, value: unknown): unknown {
  const isModel = ['stt', 'llm', 'tts'].includes(key) && typeof value === 'string';
  return isModel ? value : kindOf(value);
}

function tenantsIn(byName: object): object {
  return { tenants: Object.keys(byName).length };
}

function sinksOf({ sink }: AuditOptions): readonly unknown[] {
  return [sink].flat().map((each) => {
    if (typeof each === 'function') return 'function';
    if (!('url' in each)) return each;
    const { url, headers = {}, ...others } = each;
    return { url: withoutCredentials(url), headers: Object.keys(headers), ...others };
  });
}

/** The URL without user, password and query, any of which may be a secret. */
function withoutCredentials(text: string): string {
  if (!URL.canParse(text)) return '';
  const { protocol, host, pathname } = new URL(text);
  return `${protocol}//${host}${pathname}`;
}
