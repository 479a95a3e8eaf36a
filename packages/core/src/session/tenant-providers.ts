import type { TenantConfig } from '../agents/tenant-config.js';
import { OpenRtcError } from '../base/errors.js';
import type { SessionProviders } from './resolve-providers.js';

// For as long as a provider lives: its calls may be over, and its key is still that of its tenant.
const owners = new WeakMap<object, string>();

/**
 * Notes whose the providers are that a tenant has brought.
 * @throws OpenRtcError `SESSION_TENANT_FAILED` when one is that of another tenant: with it, its key
 */
export function claimForTenant(
  providers: SessionProviders,
  tenant: string,
  config: TenantConfig,
): void {
  for (const kind of ['stt', 'llm', 'tts'] as const) {
    const provider = providers[kind];
    if (config[kind] === undefined || typeof provider !== 'object') continue;
    const owner = owners.get(provider);
    if (owner !== undefined && owner !== tenant)
      throw new OpenRtcError(
        'SESSION_TENANT_FAILED',
        `The ${kind} of tenant "${tenant}" is the same object as that of tenant "${owner}": create one for each tenant.`,
      );
    owners.set(provider, tenant);
  }
}
