import type { IsolationStrategy, PoolSettings } from '@openrtc/core';

import { defined } from '../defined.js';
import { coroutineIsolation, processIsolation } from '../load/isolation.js';
import { usageFaults } from '../usage-error.js';
import { type Flags, flagOf } from './table.js';

/** The pool that gets the settings, see `LoadedPool`. */
export interface SettingsTarget {
  readonly folder: string;
  readonly fromDirectory: boolean;
}

/** The flags as options of a pool, without where its calls run. */
export function poolSettings(flags: Flags): PoolSettings {
  const { maxConcurrentSessions, maxMemoryMb, drainTimeout: drainTimeoutMs, agentName } = flags;
  const { maxSessionsPerAgent, maxSessionsPerTenant } = flags;
  return {
    ...defined({
      maxConcurrentSessions,
      maxSessionsPerAgent,
      maxSessionsPerTenant,
      maxMemoryMb,
      drainTimeoutMs,
      agentName,
    }),
    ...agentSettings(flags),
    ...liveKitSettings(flags),
  };
}

/** The options about agents. */
export function agentSettings(flags: Flags): Pick<PoolSettings, 'defaults'> {
  const { defaultStt: stt, defaultLlm: llm, defaultTts: tts, defaultGreeting: greeting } = flags;
  const defaults = defined({ stt, llm, tts, greeting });
  return Object.keys(defaults).length === 0 ? {} : { defaults };
}

/** The options about LiveKit. */
export function liveKitSettings({ url, apiKey, apiSecret }: Flags): Pick<PoolSettings, 'livekit'> {
  const livekit = defined({ url, apiKey, apiSecret });
  return Object.keys(livekit).length === 0 ? {} : { livekit };
}

/**
 * Where the calls of a worker run.
 * @throws UsageError for flags that contradict each other, or a strategy that is not installed
 */
export async function isolationSettings(
  flags: Flags,
  target: SettingsTarget,
): Promise<Pick<PoolSettings, 'isolation'>> {
  return defined({ isolation: await isolationOf(flags, target) });
}

async function isolationOf(
  flags: Flags,
  { folder, fromDirectory }: SettingsTarget,
): Promise<IsolationStrategy | undefined> {
  const { isolation, sessionsPerProcess, memoryLimitMb } = flags;
  if (isolation === 'process')
    return processIsolation(folder, defined({ sessionsPerProcess, memoryLimitMb }));
  const unused = (['sessionsPerProcess', 'memoryLimitMb'] as const)
    .filter((name) => flags[name] !== undefined)
    .map((name) => `${flagOf(name)} only works with --isolation process`);
  const error = usageFaults(unused);
  if (error !== undefined) throw error;
  // A pool made by the user's code has its own strategy, or core's default.
  if (isolation === undefined && !fromDirectory) return undefined;
  return coroutineIsolation(folder);
}
