import type { TenantConfig } from '../agents/tenant-config.js';
import { checkTenantConfig } from '../agents/tenant-config.js';
import type { TenantDirectoryOptions, TenantResolver } from '../agents/tenant-directory.js';
import { checkAll } from '../base/all-faults.js';
import { isClass, isRecord, kindOf } from '../base/kind-of.js';
import { checkKeys, checkWhole, invalidOption, MAX_MS } from '../base/option-checks.js';
import { printable } from '../base/printable.js';
import type { MetadataValues } from '../call/call.js';
import { isTenantName, TENANT_NAME } from '../call/tenant-name.js';
import { WHERE } from './object-options.js';

/** Where the configuration of tenants comes from. */
export interface TenantSource<
  Prewarmed extends object = Record<string, unknown>,
  Metadata extends object = MetadataValues,
> {
  /** Returns the configuration of a tenant; null or undefined: there is no such tenant. */
  resolve: TenantResolver<Prewarmed, Metadata>;
  /** How long an asynchronous `resolve` may take, in milliseconds, at most 900. Default: 250. */
  timeoutMs?: number;
  /** How long a configuration is used before it is resolved again, in milliseconds. Default: 60 000. */
  ttlMs?: number;
  /** How long it is remembered that there is no such tenant, in milliseconds. Default: 5 000. */
  missTtlMs?: number;
  /** The most tenants that are remembered. Default: 10 000. */
  maxEntries?: number;
}

/** The option `tenants`: configurations by name, a function that finds one, or a {@link TenantSource}. */
export type TenantsOption<
  Prewarmed extends object = Record<string, unknown>,
  Metadata extends object = MetadataValues,
> =
  | Readonly<Record<string, TenantConfig<Prewarmed, Metadata>>>
  | TenantResolver<Prewarmed, Metadata>
  | TenantSource<Prewarmed, Metadata>;

/** What becomes of calls of a tenant without a configuration. */
export type UnknownTenant = 'refuse' | 'defaults';

const NUMBERS = {
  // An offer must be answered within a second.
  timeoutMs: { min: 1, max: 900, default: 250 },
  ttlMs: { min: 0, max: MAX_MS, default: 60_000 },
  missTtlMs: { min: 0, max: MAX_MS, default: 5_000 },
  maxEntries: { min: 1, max: 1_000_000, default: 10_000 },
} as const;

/** Checks `tenants`. */
export function checkTenants(value: unknown): void {
  if (value === undefined || isFunction(value)) return;
  if (!isRecord(value))
    throw invalidOption(
      WHERE,
      `tenants must be an object of configurations by name, a function, or { resolve }, got ${kindOf(value)}`,
    );
  if (isFunction(value['resolve'])) {
    checkKeys(`${WHERE}: tenants`, value, ['resolve', ...Object.keys(NUMBERS)]);
    for (const [key, range] of Object.entries(NUMBERS))
      checkWhole(WHERE, `tenants.${key}`, value[key], range);
    return;
  }
  checkAll(
    Object.entries(value).flatMap(([name, config]) => [
      () => {
        if (!isTenantName(name))
          throw invalidOption(
            WHERE,
            `tenants: "${printable(name)}" cannot be a tenant's name: use ${TENANT_NAME}`,
          );
      },
      () => void checkTenantConfig(name, config),
    ]),
  );
}

/** Checks `unknownTenant`. */
export function checkUnknownTenant(value: unknown): void {
  if (value === undefined || value === 'refuse' || value === 'defaults') return;
  const got = typeof value === 'string' ? `"${printable(value)}"` : kindOf(value);
  throw invalidOption(WHERE, `unknownTenant must be 'refuse' or 'defaults', got ${got}`);
}

/** Fills in the defaults; undefined: tenants have no configuration. */
export function tenantSource(
  option: TenantsOption | undefined,
  unknownTenant: UnknownTenant = 'refuse',
): Omit<TenantDirectoryOptions, 'logger'> | undefined {
  if (option === undefined) return undefined;
  const unknown = unknownTenant === 'defaults' ? { inherit: true } : undefined;
  if (isSource(option))
    return {
      resolve: option.resolve,
      timeoutMs: option.timeoutMs ?? NUMBERS.timeoutMs.default,
      ttlMs: option.ttlMs ?? NUMBERS.ttlMs.default,
      missTtlMs: option.missTtlMs ?? NUMBERS.missTtlMs.default,
      maxEntries: option.maxEntries ?? NUMBERS.maxEntries.default,
      unknown,
    };
  if (isFunction(option)) return tenantSource({ resolve: option }, unknownTenant);
  // Nothing changes them later.
  const known = new Map(
    Object.entries(option).map(([name, config]) => [name, checkTenantConfig(name, config)]),
  );
  return tenantSource({ resolve: (tenant) => known.get(tenant) }, unknownTenant);
}

/** The agents that the tenants of an object may call, each with its tenant. Of what a function will find nothing is known. */
export function agentsOfTenants(
  option: TenantsOption | undefined,
): readonly { readonly tenant: string; readonly agent: string }[] {
  if (option === undefined || isFunction(option) || isSource(option)) return [];
  return Object.entries(option).flatMap(([tenant, { agents = [] }]) =>
    agents.map((agent) => ({ tenant, agent })),
  );
}

function isSource(option: TenantsOption): option is TenantSource {
  return typeof option === 'object' && isFunction((option as Partial<TenantSource>).resolve);
}

function isFunction(value: unknown): value is TenantResolver {
  return typeof value === 'function' && !isClass(value);
}
