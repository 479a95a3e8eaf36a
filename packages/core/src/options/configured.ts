import type { LiveKitOptions } from '../link/livekit-endpoint.js';
import type { AgentPoolOptions, PoolSettings } from './pool-options.js';

/** Options with `settings` over them. A setting that is `undefined` is one not given. */
export function configured(options: AgentPoolOptions, settings: PoolSettings): AgentPoolOptions {
  const { defaults, livekit, ...others } = settings;
  return {
    ...options,
    ...given(others),
    ...(defaults === undefined ? {} : { defaults: { ...options.defaults, ...given(defaults) } }),
    ...(livekit === undefined ? {} : { livekit: { ...ownOf(options), ...given(livekit) } }),
  };
}

// Of what may be an object of a class, whose getters a spread would lose.
function ownOf({ livekit = {} }: AgentPoolOptions): LiveKitOptions {
  const { url, apiKey, apiSecret, workerToken, allowedHosts } = livekit;
  return given({ url, apiKey, apiSecret, workerToken, allowedHosts }) as LiveKitOptions;
}

function given<Options extends object>(options: Options): Options {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as Options;
}
