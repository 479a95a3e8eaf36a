import { kindOf } from '../../base/kind-of.js';
import {
  MAX_MS,
  checkKeys,
  checkNumber,
  checkRecord,
  checkText,
  checkWhole,
  invalidOption,
} from '../../base/option-checks.js';
import type {
  EmbeddedCallerOptions,
  EmbeddedDispatchOptions,
  EmbeddedLiveKitOptions,
} from './embedded-options.js';

const TIMES = [
  'availabilityTimeoutMs',
  'departureTimeoutMs',
  'participantTimeoutMs',
] as const satisfies readonly (keyof EmbeddedLiveKitOptions)[];
const DISPATCH = [
  'room',
  'metadata',
  'agentName',
  'jobMetadata',
] as const satisfies readonly (keyof EmbeddedDispatchOptions)[];
const CALLER = [
  ...DISPATCH,
  'identity',
  'attributes',
  'joinTimeoutMs',
] as const satisfies readonly (keyof EmbeddedCallerOptions)[];

// Each function returns the options, checked. All of them throw CONFIG_INVALID_OPTION.

/** The options of `startEmbeddedLiveKit()`. */
export function checkedEndpoint(options: EmbeddedLiveKitOptions): EmbeddedLiveKitOptions {
  const where = 'startEmbeddedLiveKit()';
  const given: unknown = options;
  checkKeys(where, given, ['targetLoad', ...TIMES]);
  checkNumber(where, 'targetLoad', given['targetLoad'], { min: 0, max: 1 });
  for (const key of TIMES) checkWhole(where, key, given[key], { min: 0, max: MAX_MS });
  return options;
}

/** The options of `dispatch()`. */
export function checkedDispatch(options: EmbeddedDispatchOptions): EmbeddedDispatchOptions {
  const given: unknown = options;
  checkKeys('dispatch()', given, DISPATCH);
  checkJob('dispatch()', given);
  return options;
}

/** The options of `call()`. */
export function checkedCaller(options: EmbeddedCallerOptions): EmbeddedCallerOptions {
  const where = 'call()';
  const given: unknown = options;
  checkKeys(where, given, CALLER);
  checkJob(where, given);
  checkText(where, 'identity', given['identity']);
  checkRecord(where, 'attributes', given['attributes']);
  checkWhole(where, 'joinTimeoutMs', given['joinTimeoutMs'], { min: 1, max: MAX_MS });
  return options;
}

function checkJob(where: string, options: Readonly<Record<string, unknown>>): void {
  checkText(where, 'room', options['room']);
  const { agentName } = options;
  if (agentName !== undefined && typeof agentName !== 'string')
    throw invalidOption(where, `agentName must be a string, got ${kindOf(agentName)}`);
  for (const key of ['metadata', 'jobMetadata'] as const) {
    const value = options[key];
    // A list is JSON too.
    if (typeof value !== 'string' && !Array.isArray(value)) checkRecord(where, key, value);
  }
}
