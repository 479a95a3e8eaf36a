import type { AgentDefaults, AgentDiscoveryConfig, AgentOptions } from './agent-options.js';
import { isRecord, kindOf } from '../base/kind-of.js';
import {
  checkGreeting,
  checkKeys,
  checkProvider,
  checkRecord,
  invalidOption,
} from '../base/option-checks.js';
import { checkSessionOptions, SESSION_KEYS } from './check-session-options.js';

type Keys<Options> = readonly (keyof Options & string)[];

const PROVIDERS = ['stt', 'llm', 'tts'] as const;
const DISCOVERY_KEYS: Keys<AgentDiscoveryConfig> = ['name', ...PROVIDERS, 'greeting'];
const DEFAULT_KEYS: Keys<AgentDefaults> = [
  ...PROVIDERS,
  'greeting',
  'session',
  'roomInput',
  'roomOutput',
];
const OPTION_KEYS: Keys<AgentOptions> = [...DEFAULT_KEYS, 'record'];

const HINTS: ReadonlyMap<string, string> = new Map([
  ...SESSION_KEYS.map((key): [string, string] => [key, `; it goes in session: { ${key} }`]),
  ['inputOptions', '; it is called roomInput'],
  ['outputOptions', '; it is called roomOutput'],
]);

/**
 * The options of one agent as given, without keys set to `undefined`.
 * @throws CONFIG_INVALID_OPTION
 */
export function checkAgentOptions(where: string, options: unknown): AgentOptions {
  checkKeys(where, options, OPTION_KEYS, HINTS);
  checkCommon(where, options);
  checkRecording(where, options.record);
  return given(options);
}

/**
 * The pool's `defaults` as given, without keys set to `undefined`.
 * @throws CONFIG_INVALID_OPTION
 */
export function checkAgentDefaults(defaults: unknown): AgentDefaults {
  checkKeys('defaults', defaults, DEFAULT_KEYS, HINTS);
  checkCommon('defaults', defaults);
  return given(defaults);
}

/**
 * What `agentConfig()` was given, without keys set to `undefined`. The name is only checked to be a
 * text.
 * @throws CONFIG_INVALID_OPTION
 */
export function checkDiscoveryConfig(where: string, config: unknown): AgentDiscoveryConfig {
  checkKeys(where, config, DISCOVERY_KEYS, HINTS);
  checkCommon(where, config);
  const { name } = config;
  if (name !== undefined && (typeof name !== 'string' || name.trim() === '')) {
    const got = typeof name === 'string' ? 'a blank one' : kindOf(name);
    throw invalidOption(where, `name must be a string that is not blank, got ${got}`);
  }
  return given(config);
}

function checkRecording(where: string, record: unknown): void {
  if (typeof record === 'boolean') return;
  checkRecord(where, 'record', record);
  for (const key of ['traces', 'logs']) {
    if (!isRecord(record) || record[key] !== true) continue;
    throw invalidOption(
      where,
      `record.${key} cannot be true: @livekit/agents exports the ${key} of a whole process under the ids of one call; audio and transcript are recorded per call`,
    );
  }
}

function checkCommon(where: string, options: Readonly<Record<string, unknown>>): void {
  for (const key of PROVIDERS) checkProvider(where, key, options[key]);
  checkGreeting(where, options.greeting);
  checkSessionOptions(where, options.session);
  checkRecord(where, 'roomInput', options.roomInput);
  checkRecord(where, 'roomOutput', options.roomOutput);
}

// Passed on to the SDK as they are: a copy, so that they stay as they were checked.
const PASSED_ON: ReadonlySet<string> = new Set(['session', 'roomInput', 'roomOutput']);

// An option set to `undefined` is one not given: it must not hide what lies under it.
function given<Options extends object>(options: Readonly<Record<string, unknown>>): Options {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    entries.map(([key, value]) => [
      key,
      PASSED_ON.has(key) && isRecord(value) ? { ...value } : value,
    ]),
  ) as Options;
}
