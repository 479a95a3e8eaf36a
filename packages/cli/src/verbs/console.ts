import type { AgentPool } from '@openrtc/core';
import type * as testingModule from '@openrtc/core/testing';
import type { EmbeddedCall, EmbeddedLiveKit } from '@openrtc/core/testing';

import { exitCode } from '../exit-code.js';
import { importFrom } from '../load/import-from.js';
import { singleCallSettings } from '../options/operate-settings.js';
import { agentSettings } from '../options/pool-settings.js';
import { UsageError } from '../usage-error.js';
import { openDevices } from './console/devices.js';
import { talk } from './console/talk.js';
import { coroutineIsolation } from '../load/isolation.js';
import type { VerbContext } from './verb-context.js';

type Testing = typeof testingModule;

// The worker and its caller are in one process: if it takes longer, it never happens.
const JOIN_MS = 60_000;

/**
 * `console`: a call to one agent, typed in this terminal, and with `--voice` also spoken. It runs like every other call,
 * from an endpoint in this process that needs no LiveKit server and no keys.
 */
export async function run({ flags, host, load }: VerbContext): Promise<number> {
  const loaded = await load((core) =>
    core.startLogs({ pretty: true, level: flags.logLevel ?? 'error' }),
  );
  const { pool, folder, runOptions } = loaded;
  // The error for an unknown name suggests the nearest one.
  if (flags.agent !== undefined) pool.get(flags.agent);
  const testing = (await importFrom('@openrtc/core', folder, './testing')) as Testing | undefined;
  if (testing === undefined) throw new UsageError('@openrtc/core is not installed');
  const devices = flags.voice ? await openDevices(host.env) : undefined;
  const livekit = await testing.startEmbeddedLiveKit();
  try {
    pool.configure({
      ...agentSettings(flags),
      // A process for calls would run the command again.
      isolation: await coroutineIsolation(folder),
      livekit: { url: livekit.url, apiKey: livekit.apiKey, apiSecret: livekit.apiSecret },
      dispatch: 'per_pool',
      jobTypes: ['room'],
      // Typed words have no pauses to detect.
      ...(devices === undefined ? { models: null } : {}),
    });
    const running = pool.run({
      ...runOptions,
      ...singleCallSettings({ ...pool.operate, ...runOptions }),
      introspection: false,
      cli: false,
      ...(devices === undefined ? {} : { audioDevices: () => devices }),
    });
    // It is awaited below; until then a rejection must not count as unhandled.
    running.catch(() => {});
    const call = await Promise.race([dial(livekit, flags.agent), running.then(neverCalled)]);
    await talk({
      call,
      host,
      greeted: greets(pool, flags.agent),
      spoken: devices !== undefined,
    });
    const { status } = await call.ended;
    await pool.drain();
    await running;
    return status === 'success' ? exitCode.done : exitCode.failed;
  } finally {
    await pool.close();
    await devices?.close();
    await livekit.close();
  }
}

async function dial(livekit: EmbeddedLiveKit, agent: string | undefined): Promise<EmbeddedCall> {
  await livekit.until(({ workers }) => workers.length > 0, JOIN_MS);
  const agentName = livekit.workers[0]?.agentName ?? '';
  return livekit.call({
    room: 'console',
    agentName,
    joinTimeoutMs: JOIN_MS,
    ...(agent === undefined ? {} : { jobMetadata: { agent } }),
  });
}

function neverCalled(): never {
  throw new UsageError('stopped before the call started');
}

/** Whether the agent has a greeting. What its `onEnter` says is not known. */
function greets(pool: AgentPool, agent: string | undefined): boolean {
  const config = agent === undefined ? pool.listAgents()[0] : pool.get(agent);
  const greeting = config?.greeting === undefined ? pool.defaults.greeting : config.greeting;
  return greeting !== undefined && greeting !== null;
}
