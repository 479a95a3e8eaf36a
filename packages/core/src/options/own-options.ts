import { checkAgentDefaults } from '../agents/check-agent-options.js';
import { copyOptions } from '../base/copy-options.js';
import type { AgentPoolOptions } from './pool-options.js';

// Their keys and elements are the pool's; what these hold are objects of the user.
const OBJECTS = [
  'livekit',
  'prewarm',
  'observers',
  'jobTypes',
  'permissions',
  'health',
  'metrics',
  'audit',
  'watchdog',
] as const satisfies readonly (keyof AgentPoolOptions)[];

/**
 * A copy of the options of a pool, which have been checked: what their owner changes in them later has no effect.
 * Strategies, models, loggers, observers, and instances of classes stay the same objects.
 */
export function ownOptions(options: AgentPoolOptions): AgentPoolOptions {
  const copied = OBJECTS.flatMap((key) =>
    options[key] === undefined ? [] : [[key, copyOptions(options[key])] as const],
  );
  return {
    ...options,
    ...(Object.fromEntries(copied) as Partial<AgentPoolOptions>),
    ...(options.defaults === undefined ? {} : { defaults: checkAgentDefaults(options.defaults) }),
  };
}
