import { checkKeys, withoutUndefined } from '../base/option-checks.js';
import type { LiveKitOptions } from '../link/livekit-endpoint.js';
import { checkRow, optionTable } from './option-table.js';
import type { AgentPoolOptions, PoolSettings } from './pool-options.js';

// What belongs to the code of the agents, and not to whoever operates them.
const OF_THE_CODE = [
  'agents',
  'prewarm',
  'setup',
  'router',
  'requestFilter',
] as const satisfies readonly Exclude<keyof AgentPoolOptions, keyof PoolSettings>[];
const SETTINGS = Object.keys(optionTable).filter(
  (name) => !(OF_THE_CODE as readonly string[]).includes(name),
);
const HINTS: ReadonlyMap<string, string> = new Map(
  OF_THE_CODE.map((name) => [name, `; only the constructor takes it: new AgentPool({ ${name} })`]),
);

/**
 * Checks the settings of `configure()`, before they are merged: their names, and the objects whose keys are merged.
 * @throws OpenRtcError `CONFIG_INVALID_OPTION`
 */
function checkSettings(settings: unknown): asserts settings is PoolSettings {
  checkKeys('configure()', settings, SETTINGS, HINTS);
  for (const name of ['defaults', 'livekit'] as const)
    checkRow(name, optionTable[name], settings[name]);
}

/**
 * Options with `settings` over them. A setting that is `undefined` counts as not given.
 * @throws OpenRtcError `CONFIG_INVALID_OPTION` for settings that are none, or belong to the constructor
 */
export function configured(options: AgentPoolOptions, settings: unknown): AgentPoolOptions {
  checkSettings(settings);
  const { defaults, livekit, ...others } = settings;
  return {
    ...options,
    ...withoutUndefined(others),
    ...(defaults === undefined
      ? {}
      : { defaults: { ...options.defaults, ...withoutUndefined(defaults) } }),
    ...(livekit === undefined
      ? {}
      : { livekit: { ...plainLiveKit(options), ...withoutUndefined(livekit) } }),
  };
}

// `livekit` may be an instance of a class, such as an embedded endpoint. A spread would lose its getters.
function plainLiveKit({ livekit = {} }: AgentPoolOptions): LiveKitOptions {
  const { url, apiKey, apiSecret, workerToken, allowedHosts } = livekit;
  return withoutUndefined({ url, apiKey, apiSecret, workerToken, allowedHosts });
}
