import { type HouseOptions, missingProviders } from '../agents/for-tenant.js';
import type { FoundTenant, TenantDirectory } from '../agents/tenant-directory.js';
import type { Call } from '../call/call.js';
import type { Refusal } from '../call/refusal.js';
import type { Gate } from './admission.js';
import type { CallRate } from './call-rate.js';

/** A refusal because of what is known of the tenant. */
export interface TenantRefusal extends Refusal {
  readonly refused: 'unknown_tenant' | 'tenant_failed' | 'tenant_incomplete' | 'agent_not_allowed';
  /** The error of the resolver; absent for other refusals. */
  readonly cause?: unknown;
}

/**
 * Decides whether a tenant may have a call of an agent at all: it is known, may call that agent, and has the providers that
 * the call needs. Returns a promise only when the tenant has to be asked for. Never throws and never rejects.
 * @param house - the options of the agent and of the pool
 */
export function checkTenant(
  tenants: Pick<TenantDirectory, 'find'>,
  { agent, tenant }: Pick<Call, 'agent' | 'tenant'>,
  house: HouseOptions,
): TenantRefusal | undefined | Promise<TenantRefusal | undefined> {
  const judge = (found: FoundTenant) => refusalOf(found, agent, tenant, house);
  const found = tenants.find(tenant);
  return found instanceof Promise ? found.then(judge) : judge(found);
}

function refusalOf(
  found: FoundTenant,
  agent: string,
  tenant: string,
  house: HouseOptions,
): TenantRefusal | undefined {
  const whose = `tenant "${tenant}"`;
  switch (found.kind) {
    case 'unknown':
      return {
        refused: 'unknown_tenant',
        message: `${whose} has no configuration (tenants, unknownTenant)`,
      };
    case 'failed': {
      const { message, cause } = found;
      const error = cause === undefined ? {} : { cause };
      return { refused: 'tenant_failed', message: `${whose}: ${message}`, ...error };
    }
    case 'known': {
      const { config } = found;
      if (config.agents !== undefined && !config.agents.includes(agent))
        return {
          refused: 'agent_not_allowed',
          message: `${whose} may not call agent "${agent}" (tenants: agents)`,
        };
      const missing = missingProviders(house, config);
      if (missing.length === 0) return undefined;
      return {
        refused: 'tenant_incomplete',
        message: `${whose} has no ${missing.join(', ')} of its own, and may not use that of the pool: configure it, or set inherit`,
      };
    }
  }
}

/** A gate that limits the new calls of a tenant within a minute. It must be the last: it counts what it lets through. */
export function rateGate(tenants: Pick<TenantDirectory, 'peek'>, rate: CallRate): Gate {
  return ({ tenant }) => {
    const max = tenants.peek(tenant)?.maxCallsPerMinute;
    if (max === undefined || rate.take(tenant, max)) return undefined;
    return {
      refused: 'tenant_rate',
      message: `tenant "${tenant}" has had ${max} calls within the last minute (maxCallsPerMinute)`,
    };
  };
}
