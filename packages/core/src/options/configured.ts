import { withoutUndefined } from '../base/option-checks.js';
import type { LiveKitOptions } from '../link/livekit-endpoint.js';
import type { AgentPoolOptions, PoolSettings } from './pool-options.js';

/** Options with `settings` over them. A setting that is `undefined` counts as not given. */
export function configured(options: AgentPoolOptions, settings: PoolSettings): AgentPoolOptions {
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
