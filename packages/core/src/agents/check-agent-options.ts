import type { AgentDefaults, AgentDiscoveryConfig, AgentOptions } from './agent-options.js';
import { isRecord } from '../base/kind-of.js';
import { copyOptions } from '../base/copy-options.js';
import {
  checkFunction,
  checkGreeting,
  checkKeys,
  checkRecord,
  checkText,
  invalidOption,
  withoutUndefined,
} from '../base/option-checks.js';
import { checkProvider } from './check-provider.js';
import {
  checkRoomOptions,
  checkSessionOptions,
  checkTypos,
  PROVIDER_KEYS,
  SESSION_HINTS,
} from './check-session-options.js';

type Keys<Options> = readonly (keyof Options & string)[];

const DEFAULT_KEYS: Keys<AgentDefaults> = [
  ...PROVIDER_KEYS,
  'greeting',
  'session',
  'roomInput',
  'roomOutput',
];
const OPTION_KEYS: Keys<AgentOptions> = [...DEFAULT_KEYS, 'record', 'setup', 'userData'];
const DISCOVERY_KEYS: Keys<AgentDiscoveryConfig> = ['name', ...OPTION_KEYS];

const RECORD_KEYS: readonly (keyof Exclude<NonNullable<AgentOptions['record']>, boolean>)[] = [
  'audio',
  'traces',
  'logs',
  'transcript',
  'redaction',
];

const HINTS: ReadonlyMap<string, string> = new Map([
  ...SESSION_HINTS.map((key): [string, string] => [key, `; it goes in session: { ${key} }`]),
  ['inputOptions', '; it is called roomInput'],
  ['outputOptions', '; it is called roomOutput'],
]);

/**
 * Checks the options of one agent. Returns them without those that are `undefined`.
 * @throws CONFIG_INVALID_OPTION
 */
export function checkAgentOptions(where: string, options: unknown): AgentOptions {
  checkKeys(where, options, OPTION_KEYS, HINTS);
  checkOwn(where, options);
  return copied(options);
}

/**
 * Checks the pool's `defaults`. Returns them without those that are `undefined`.
 * @throws CONFIG_INVALID_OPTION
 */
export function checkAgentDefaults(defaults: unknown): AgentDefaults {
  checkKeys('defaults', defaults, DEFAULT_KEYS, HINTS);
  checkCommon('defaults', defaults);
  return copied(defaults);
}

/**
 * Checks the config passed to `agentConfig()`. Returns it without what is `undefined`. Of the name it only checks that
 * it is a string that is not blank; see `checkAgentName()` for the rest.
 * @throws CONFIG_INVALID_OPTION
 */
export function checkDiscoveryConfig(where: string, config: unknown): AgentDiscoveryConfig {
  checkKeys(where, config, DISCOVERY_KEYS, HINTS);
  checkOwn(where, config);
  checkText(where, 'name', config.name);
  return copied(config);
}

function checkOwn(where: string, options: Readonly<Record<string, unknown>>): void {
  checkCommon(where, options);
  checkRecording(where, options.record);
  checkFunction(where, 'setup', options.setup);
  // An object would be one for all calls.
  checkFunction(where, 'userData', options.userData);
}

function checkRecording(where: string, record: unknown): void {
  if (record === undefined || typeof record === 'boolean') return;
  checkRecord(where, 'record', record);
  if (isRecord(record)) checkTypos(`${where}: record`, record, RECORD_KEYS);
  for (const key of ['traces', 'logs']) {
    if (!isRecord(record) || record[key] !== true) continue;
    throw invalidOption(
      where,
      `record.${key} cannot be true: @livekit/agents would export the ${key} of the whole process under the ids of one call; audio and transcript can be recorded`,
    );
  }
}

function checkCommon(where: string, options: Readonly<Record<string, unknown>>): void {
  for (const key of PROVIDER_KEYS) checkProvider(where, key, key, options[key]);
  checkGreeting(where, options.greeting);
  checkSessionOptions(where, options.session);
  checkRoomOptions(where, options);
}

// Objects of options. The others are providers and functions, which stay what they are.
const OBJECTS: ReadonlySet<string> = new Set([
  'session',
  'roomInput',
  'roomOutput',
  'record',
  'greeting',
]);

function copied<Options extends object>(options: Readonly<Record<string, unknown>>): Options {
  return Object.fromEntries(
    Object.entries(withoutUndefined<object>(options)).map(([key, value]) => [
      key,
      OBJECTS.has(key) ? copyOptions(value) : value,
    ]),
  ) as Options;
}
