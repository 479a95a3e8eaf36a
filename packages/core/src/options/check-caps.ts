import { checkAgentName } from '../agents/agent-name.js';
import { checkAll } from '../base/all-faults.js';
import { isRecord, kindOf } from '../base/kind-of.js';
import { checkWhole, invalidOption } from '../base/option-checks.js';
import { printable } from '../base/printable.js';
import { isTenantName, TENANT_NAME } from '../call/tenant-name.js';
import { WHERE } from './object-options.js';

const LIMIT = { min: 1, max: 100_000 } as const;

/** Checks `maxSessionsPerAgent`. Whether the agents are registered is known when the pool runs. */
export function checkAgentCaps(value: unknown): void {
  checkCaps('maxSessionsPerAgent', value, checkAgentName);
}

/** Checks `maxSessionsPerTenant`. */
export function checkTenantCaps(value: unknown): void {
  checkCaps('maxSessionsPerTenant', value, (name) => {
    if (!isTenantName(name))
      throw invalidOption(
        WHERE,
        `maxSessionsPerTenant: "${printable(name)}" cannot be a tenant's name: use ${TENANT_NAME}`,
      );
  });
}

function checkCaps(option: string, value: unknown, checkName: (name: string) => void): void {
  if (value === undefined || typeof value === 'number')
    return checkWhole(WHERE, option, value, LIMIT);
  if (!isRecord(value))
    throw invalidOption(
      WHERE,
      `${option} must be a whole number, or an object of whole numbers by name, got ${kindOf(value)}`,
    );
  checkAll(
    Object.entries(value).flatMap(([name, cap]) => [
      () => checkName(name),
      () => {
        // An option that is undefined is one that is not given; a limit that is undefined is a mistake.
        if (cap === undefined)
          throw invalidOption(WHERE, `${option}.${name} must not be undefined`);
        checkWhole(WHERE, `${option}.${name}`, cap, LIMIT);
      },
    ]),
  );
}
