import type { MetadataValues } from '../call/call.js';

// Also a metric label and a key of counters, so it has a charset and a length.
const TENANT = /^[A-Za-z0-9_.-]{1,128}$/;

/** The tenant of a call that names none. */
const DEFAULT_TENANT = 'default';

/** A source of metadata and how a message calls it. */
export interface MetadataSource {
  readonly where: 'job metadata' | 'room metadata';
  readonly values: MetadataValues;
}

/**
 * The tenant the first source names, `default` when none does, or what is wrong with it: an unusable
 * tenant is never billed to another one.
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
    if (!TENANT.test(tenant)) {
      return {
        problem: `the tenant in the ${where} is not 1-128 ASCII letters, digits, "_", "." or "-"`,
      };
    }
    return { tenant };
  }
  return { tenant: DEFAULT_TENANT };
}
