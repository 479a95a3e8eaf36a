import { checkAgentDefaults } from '../agents/check-agent-options.js';
import { isRecord, kindOf } from '../base/kind-of.js';
import {
  checkBoolean,
  checkFunction,
  checkText,
  checkWhole,
  invalidOption,
  MAX_MS,
} from '../base/option-checks.js';
import { defaultSessionLimits } from '../call/session-limits.js';
import {
  checkIsolation,
  checkLiveKit,
  checkLogger,
  checkModels,
  checkObservers,
  WHERE,
} from './object-options.js';
import { checkBreaker } from './breaker-option.js';
import { checkAgentCaps, checkTenantCaps } from './check-caps.js';
import type { AgentPoolOptions } from './pool-options.js';
import { checkQuarantine } from './quarantine-option.js';
import { checkPrewarm } from './prewarm-option.js';
import { checkTenants, checkUnknownTenant } from './tenants-option.js';

/**
 * A row of the table: one option of a pool.
 *
 * - `whole`: a whole number from `min` to `max`, both included
 * - `number`: a number of at least `min`; `Infinity` for no limit
 * - `text`: a string that is not blank
 * - `function`: a function that the pool calls
 * - `checked`: `check` throws for an invalid value
 * - `elsewhere`: checked by another function, see `resolveOptions`
 */
export type OptionRow =
  | {
      readonly kind: 'whole';
      readonly min: number;
      readonly max: number;
      /** Absent when another part of the pool has the default. */
      readonly default?: number;
    }
  | { readonly kind: 'number'; readonly min: number; readonly default: number }
  | { readonly kind: 'text' | 'function' | 'elsewhere' }
  | { readonly kind: 'checked'; readonly check: (value: unknown) => void };

/** All options of a pool, with kind, range and default. {@link AgentPoolOptions} describes them. */
export const optionTable = {
  isolation: { kind: 'checked', check: checkIsolation },
  agents: { kind: 'checked', check: checkAgents },
  defaults: { kind: 'checked', check: checkDefaults },
  prewarm: { kind: 'checked', check: checkPrewarm },
  models: { kind: 'checked', check: checkModels },
  maxConcurrentSessions: { kind: 'whole', min: 1, max: 100_000, default: 50 },
  maxSessionsPerAgent: { kind: 'checked', check: checkAgentCaps },
  maxSessionsPerTenant: { kind: 'checked', check: checkTenantCaps },
  tenants: { kind: 'checked', check: checkTenants },
  unknownTenant: { kind: 'checked', check: checkUnknownTenant },
  breaker: { kind: 'checked', check: checkBreaker },
  quarantine: { kind: 'checked', check: checkQuarantine },
  // The meter cannot measure less, and would refuse calls without reason.
  maxEventLoopLagMs: { kind: 'number', min: 20, default: 100 },
  maxMemoryMb: { kind: 'whole', min: 128, max: 16_777_216 },
  consecutiveFailureLimit: { kind: 'whole', min: 1, max: 100_000, default: 5 },
  drainTimeoutMs: { kind: 'whole', min: 0, max: MAX_MS, default: 3_600_000 },
  router: { kind: 'function' },
  // An offer must be answered within a second.
  routerTimeoutMs: { kind: 'whole', min: 1, max: 900 },
  acceptOnlyRegisteredRooms: { kind: 'checked', check: checkOnlyRegistered },
  requestFilter: { kind: 'function' },
  requestFilterTimeoutMs: { kind: 'whole', min: 1, max: 900, default: 250 },
  // LiveKit allows no more.
  maxMetadataBytes: { kind: 'whole', min: 0, max: 524_288, default: 524_288 },
  metadataSecret: { kind: 'elsewhere' },
  agentName: { kind: 'text' },
  dispatch: { kind: 'elsewhere' },
  jobTypes: { kind: 'elsewhere' },
  permissions: { kind: 'elsewhere' },
  deploymentVersion: { kind: 'text' },
  deployment: { kind: 'text' },
  observers: { kind: 'checked', check: checkObservers },
  setup: { kind: 'function' },
  livekit: { kind: 'checked', check: checkLiveKit },
  logger: { kind: 'checked', check: checkLogger },
  health: { kind: 'elsewhere' },
  metrics: { kind: 'elsewhere' },
  audit: { kind: 'elsewhere' },
  introspection: { kind: 'elsewhere' },
  meter: { kind: 'elsewhere' },
  watchdog: { kind: 'elsewhere' },
  joinTimeoutMs: {
    kind: 'whole',
    min: 1,
    max: MAX_MS,
    default: defaultSessionLimits.joinTimeoutMs,
  },
  emptyRoomGraceMs: {
    kind: 'whole',
    min: 0,
    max: MAX_MS,
    default: defaultSessionLimits.emptyRoomGraceMs,
  },
  maxSessionDurationMs: {
    kind: 'whole',
    min: 0,
    max: MAX_MS,
    default: defaultSessionLimits.maxSessionDurationMs,
  },
} as const satisfies Record<keyof AgentPoolOptions, OptionRow>;

/** The options that are numbers with a default. */
export type NumberOption = {
  [Name in keyof typeof optionTable]: (typeof optionTable)[Name] extends {
    readonly default: number;
  }
    ? Name
    : never;
}[keyof typeof optionTable];

/** The given number, or the default. */
export function numberOf(options: AgentPoolOptions, name: NumberOption): number {
  return options[name] ?? optionTable[name].default;
}

/**
 * Checks the value of one option.
 * @throws OpenRtcError `CONFIG_INVALID_OPTION`, which names the option, its valid values and the given one.
 */
export function checkRow(name: string, row: OptionRow, value: unknown): void {
  switch (row.kind) {
    case 'whole':
      return checkWhole(WHERE, name, value, row);
    case 'number':
      if (value === undefined || (typeof value === 'number' && value >= row.min)) return;
      throw invalidOption(
        WHERE,
        `${name} must be a number of milliseconds, ${row.min} or more, or Infinity for no limit, got ${String(value)}`,
      );
    case 'text':
      return checkText(WHERE, name, value);
    case 'function':
      return checkFunction(WHERE, name, value);
    case 'checked':
      return row.check(value);
    case 'elsewhere':
      return;
  }
}

function checkOnlyRegistered(value: unknown): void {
  checkBoolean(WHERE, 'acceptOnlyRegisteredRooms', value);
}

function checkDefaults(defaults: unknown): void {
  if (defaults !== undefined) checkAgentDefaults(defaults);
}

/** Checks only the object; each agent is checked when it is registered. */
function checkAgents(agents: unknown): void {
  if (agents === undefined) return;
  if (isRecord(agents)) return;
  throw invalidOption(
    WHERE,
    `agents must be an object of agents by name, such as { support: SupportAgent }, got ${kindOf(agents)}`,
  );
}
