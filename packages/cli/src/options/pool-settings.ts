import type { IsolationStrategy, PoolSettings } from '@openrtc/core';

import { importFrom } from '../load/import-from.js';
import { UsageError } from '../usage-error.js';
import { type Flags, flagOf } from './table.js';

/** Where settings come to: see `LoadedPool`. */
export interface SettingsTarget {
  readonly folder: string;
  readonly made: boolean;
}

type Strategies = Readonly<Record<string, ((options?: object) => IsolationStrategy) | undefined>>;

/**
 * What the flags say, as options of a pool.
 * @throws UsageError for flags that do not go together, or a strategy that is not installed
 */
export async function poolSettings(flags: Flags, target: SettingsTarget): Promise<PoolSettings> {
  const isolation = await isolationOf(flags, target);
  const { maxConcurrentSessions, drainTimeout, agentName } = flags;
  return {
    ...(isolation === undefined ? {} : { isolation }),
    ...(maxConcurrentSessions === undefined ? {} : { maxConcurrentSessions }),
    ...(drainTimeout === undefined ? {} : { drainTimeoutMs: drainTimeout }),
    ...(agentName === undefined ? {} : { agentName }),
    ...agentSettings(flags),
    ...liveKitSettings(flags),
  };
}

/** Those about agents alone. */
export function agentSettings(flags: Flags): Pick<PoolSettings, 'defaults'> {
  const { defaultStt: stt, defaultLlm: llm, defaultTts: tts, defaultGreeting: greeting } = flags;
  const defaults = {
    ...(stt === undefined ? {} : { stt }),
    ...(llm === undefined ? {} : { llm }),
    ...(tts === undefined ? {} : { tts }),
    ...(greeting === undefined ? {} : { greeting }),
  };
  return Object.keys(defaults).length === 0 ? {} : { defaults };
}

/** Those about LiveKit alone. */
export function liveKitSettings({ url, apiKey, apiSecret }: Flags): Pick<PoolSettings, 'livekit'> {
  const livekit = {
    ...(url === undefined ? {} : { url }),
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(apiSecret === undefined ? {} : { apiSecret }),
  };
  return Object.keys(livekit).length === 0 ? {} : { livekit };
}

async function isolationOf(
  flags: Flags,
  { folder, made }: SettingsTarget,
): Promise<IsolationStrategy | undefined> {
  const { isolation, sessionsPerProcess, memoryLimitMb } = flags;
  if (isolation === 'process') {
    const processes = await strategy('process', 'processes', folder);
    if (processes === undefined) throw notInstalled('process');
    return processes({
      ...(sessionsPerProcess === undefined ? {} : { sessionsPerProcess }),
      ...(memoryLimitMb === undefined ? {} : { memoryLimitMb }),
    });
  }
  for (const name of ['sessionsPerProcess', 'memoryLimitMb'] as const)
    if (flags[name] !== undefined)
      throw new UsageError(`${flagOf(name)} is about processes of calls: add --isolation process`);
  // A pool of the user's has its own; core finds the default for it.
  if (isolation === undefined && !made) return undefined;
  const coroutine = await strategy('coroutine', 'coroutine', folder);
  if (coroutine === undefined) throw notInstalled('coroutine');
  return coroutine();
}

async function strategy(name: string, factory: string, folder: string) {
  const module = await importFrom(`@openrtc/isolation-${name}`, folder);
  return (module as Strategies | undefined)?.[factory];
}

function notInstalled(name: string): UsageError {
  return new UsageError(
    `@openrtc/isolation-${name} is not installed: npm install @openrtc/isolation-${name}`,
  );
}
