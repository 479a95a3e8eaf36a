import { printable } from '@openrtc/core/operate';

import { defined } from '../defined.js';
import { exitCode } from '../exit-code.js';
import { singleCallSettings } from '../options/operate-settings.js';
import { agentSettings, liveKitSettings } from '../options/pool-settings.js';
import { coroutineIsolation } from '../load/isolation.js';
import { ConfigurationFaults } from './configuration.js';
import type { VerbContext } from './verb-context.js';

// A LiveKit room name may have 256 characters.
const MAX_ROOM_CHARACTERS = 64;

/** `connect`: connects one agent to one room without registering a worker. Ends with the call. */
export async function run({ verb, flags, host, load }: VerbContext): Promise<number> {
  const loaded = await load((core) =>
    core.startLogs({ pretty: true, level: flags.logLevel ?? 'info' }),
  );
  const { pool, runOptions } = loaded;
  const { room = '', participantIdentity, agent } = flags;
  const faults = new ConfigurationFaults();
  await faults.step(async () =>
    pool.configure({
      ...agentSettings(flags),
      ...liveKitSettings(flags),
      // A process for calls would run the command again.
      isolation: await coroutineIsolation(loaded.folder),
    }),
  );
  // The error for an unknown name suggests the nearest one.
  if (agent !== undefined) await faults.step(() => pool.get(agent));
  await faults.step(() => loaded.core.checkConfiguration(pool, runOptions));
  await faults.throwAll(verb, host);
  const request = { room, ...defined({ participantIdentity, agent }) };
  const outcome = await pool.connect(request, {
    ...runOptions,
    ...singleCallSettings({ ...pool.operate, ...runOptions }),
  });
  const detail = outcome.detail === undefined ? '' : `: ${outcome.detail}`;
  host.stderr.write(
    `${printable(`The call in ${printable(room, MAX_ROOM_CHARACTERS)} ended: ${outcome.reason}${detail}`, 512)}\n`,
  );
  return outcome.status === 'failed' ? exitCode.failed : exitCode.done;
}
