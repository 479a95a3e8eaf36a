import type { MetadataValues } from '../call/call.js';
import { DEFAULT_TENANT, isTenantName, TENANT_NAME } from '../call/tenant-name.js';

/** Metadata with the name of its source. */
export interface MetadataSource {
  /** The name of the source, for messages. */
  readonly where: 'job metadata' | 'room metadata';
  /** The values. */
  readonly values: MetadataValues;
}

/**
 * The tenant named by the first source that names one; `default` when none does. An invalid tenant is a problem, not
 * `default`: its calls must not be billed to another tenant.
 */
export function readTenant(
  sources: readonly MetadataSource[],
): { tenant: string } | { problem: string } {
  for (const { where, values } of sources) {
    const value = values.tenant;
    if (value === undefined || value === null) continue;
    if (typeof value !== 'string') {
      return { problem: `the tenant in the ${where} is not a string` };
    }
    const tenant = value.trim();
    if (tenant === '') continue;
    if (!isTenantName(tenant)) {
      return {
        problem: `the tenant in the ${where} is not ${TENANT_NAME}`,
      };
    }
    return { tenant };
  }
  return { tenant: DEFAULT_TENANT };
}
