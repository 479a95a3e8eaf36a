import { forTenant, type HouseOptions, missingProviders } from '../agents/for-tenant.js';
import type { AgentConfig } from '../agents/agent-options.js';
import type { TenantConfig } from '../agents/tenant-config.js';
import { OpenRtcError } from '../base/errors.js';
import type { SessionRuntime } from './session-runtime.js';

/** What the calls of a tenant run with. */
export interface TenantOptions extends HouseOptions {
  /** The configuration of the tenant; undefined: the pool has none for tenants. */
  readonly tenant: TenantConfig | undefined;
}

/**
 * Finds the options of a call, in the process that runs it: keys of a tenant are in no other one.
 * @throws OpenRtcError `SESSION_TENANT_FAILED` when the tenant cannot be found here, or has no provider that the call needs
 */
export async function tenantOptions(
  config: AgentConfig,
  { defaults, tenants }: Pick<SessionRuntime, 'defaults' | 'tenants'>,
  tenant: string,
): Promise<TenantOptions> {
  const house = { config, defaults };
  if (tenants === undefined) return { ...house, tenant: undefined };
  const found = await tenants.find(tenant);
  if (found.kind === 'unknown') throw failed(`tenant "${tenant}" has no configuration here`);
  if (found.kind === 'failed') throw failed(`tenant "${tenant}": ${found.message}`, found.cause);
  const missing = missingProviders(house, found.config);
  // The worker has checked it, with what it knew then.
  if (missing.length > 0) throw failed(`tenant "${tenant}" has no ${missing.join(', ')}`);
  return { ...forTenant(house, found.config), tenant: found.config };
}

function failed(message: string, cause?: unknown): OpenRtcError {
  return new OpenRtcError(
    'SESSION_TENANT_FAILED',
    message,
    cause === undefined ? undefined : { cause },
  );
}
