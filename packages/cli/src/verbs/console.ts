import type { AgentPool } from '@openrtc/core';
import type * as testingModule from '@openrtc/core/testing';
import type { EmbeddedCall, EmbeddedLiveKit } from '@openrtc/core/testing';

import { exitCode } from '../exit-code.js';
import { importFrom } from '../load/import-from.js';
import { watchedByNobody } from '../options/operate-settings.js';
import { agentSettings } from '../options/pool-settings.js';
import { UsageError } from '../usage-error.js';
import { openDevices } from './console/devices.js';
import { talk } from './console/talk.js';
import { inThisProcess } from '../load/isolation.js';
import type { VerbContext } from './verb-context.js';

type Testing = typeof testingModule;

// A worker and its caller in one process: whoever waits this long waits for ever.
const JOIN_MS = 60_000;

/**
 * `console`: a call to one agent, typed in this terminal, or with `--voice` spoken as well. It goes the way of every call, from an endpoint in this
 * process, which needs no server and no keys of LiveKit.
 */
export async function run({ flags, host, load }: VerbContext): Promise<number> {
  const loaded = await load((core) =>
    core.startLogs({ pretty: true, level: flags.logLevel ?? 'error' }),
  );
  const { pool, folder, runOptions } = loaded;
  // Unknown: the error names the nearest.
  if (flags.agent !== undefined) pool.get(flags.agent);
  const testing = (await importFrom('@openrtc/core', folder, './testing')) as Testing | undefined;
  if (testing === undefined) throw new UsageError('@openrtc/core is not installed');
  const devices = flags.voice ? await openDevices(host.env) : undefined;
  const livekit = await testing.startEmbeddedLiveKit();
  try {
    pool.configure({
      ...agentSettings(flags),
      ...(await inThisProcess(loaded)),
      livekit: { url: livekit.url, apiKey: livekit.apiKey, apiSecret: livekit.apiSecret },
      dispatch: 'per-pool',
      jobTypes: ['room'],
      // Typed words have no pauses to detect.
      ...(devices === undefined ? { models: null } : {}),
    });
    const running = pool.run({
      ...runOptions,
      ...watchedByNobody({ ...pool.operate, ...runOptions }),
      introspection: false,
      cli: false,
      ...(devices === undefined ? {} : { audioDevices: () => devices }),
    });
    // Told where the call is waited for; here it must not count as unhandled meanwhile.
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
  throw new UsageError('stopped before the call began');
}

/** Whether the agent speaks first. Of `onEnter` nobody knows. */
function greets(pool: AgentPool, agent: string | undefined): boolean {
  const config = agent === undefined ? pool.listAgents()[0] : pool.get(agent);
  const greeting = config?.greeting === undefined ? pool.defaults.greeting : config.greeting;
  return greeting !== undefined && greeting !== null;
}
