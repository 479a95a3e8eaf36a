import type { IsolationStrategy, PoolSettings } from '@openrtc/core';

import { defined } from '../defined.js';
import { coroutineIsolation, processIsolation } from '../load/isolation.js';
import { UsageError } from '../usage-error.js';
import { type Flags, flagOf } from './table.js';

/** The pool that gets the settings, see `LoadedPool`. */
export interface SettingsTarget {
  readonly folder: string;
  readonly fromDirectory: boolean;
}

/**
 * The flags as options of a pool.
 * @throws UsageError for flags that contradict each other, or a strategy that is not installed
 */
export async function poolSettings(flags: Flags, target: SettingsTarget): Promise<PoolSettings> {
  const { maxConcurrentSessions, maxMemoryMb, drainTimeout: drainTimeoutMs, agentName } = flags;
  const isolation = await isolationOf(flags, target);
  return {
    ...defined({ isolation, maxConcurrentSessions, maxMemoryMb, drainTimeoutMs, agentName }),
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

async function isolationOf(
  flags: Flags,
  { folder, fromDirectory }: SettingsTarget,
): Promise<IsolationStrategy | undefined> {
  const { isolation, sessionsPerProcess, memoryLimitMb } = flags;
  if (isolation === 'process')
    return processIsolation(folder, defined({ sessionsPerProcess, memoryLimitMb }));
  for (const name of ['sessionsPerProcess', 'memoryLimitMb'] as const)
    if (flags[name] !== undefined)
      throw new UsageError(`${flagOf(name)} only works with --isolation process`);
  // A pool made by the user's code has its own strategy, or core's default.
  if (isolation === undefined && !fromDirectory) return undefined;
  return coroutineIsolation(folder);
}
