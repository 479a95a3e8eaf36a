// The tenant is also a metric label and a key of counters, so its characters and its length are limited.
const TENANT = /^[A-Za-z0-9_.-]{1,128}$/;

/** The tenant of a call that names none. */
export const DEFAULT_TENANT = 'default';

/** The name of a tenant, in words for messages. */
export const TENANT_NAME = '1-128 ASCII letters, digits, "_", "." or "-"';

/** True for a valid name of a tenant. Surrounding blanks are not part of a name. */
export function isTenantName(text: string): boolean {
  return TENANT.test(text);
}
