import { exitCode } from '../exit-code.js';
import { printable } from '../terminal-text.js';
import { watchedByNobody } from '../options/operate-settings.js';
import { agentSettings, liveKitSettings } from '../options/pool-settings.js';
import { inThisProcess } from '../load/isolation.js';
import type { VerbContext } from './verb-context.js';

// LiveKit's own limit is 256.
const LONGEST_ROOM = 64;

/** `connect`: one agent into one room, now; no worker is registered. Ends with the call. */
export async function run({ flags, host, load }: VerbContext): Promise<number> {
  const loaded = await load((core) =>
    core.startLogs({ pretty: true, level: flags.logLevel ?? 'info' }),
  );
  const { pool, runOptions } = loaded;
  const { room = '', participantIdentity, agent } = flags;
  pool.configure({
    ...agentSettings(flags),
    ...liveKitSettings(flags),
    ...(await inThisProcess(loaded)),
  });
  const request = {
    room,
    ...(participantIdentity === undefined ? {} : { participantIdentity }),
    ...(agent === undefined ? {} : { agent }),
  };
  const outcome = await pool.connect(request, {
    ...runOptions,
    ...watchedByNobody({ ...pool.operate, ...runOptions }),
  });
  const detail = outcome.detail === undefined ? '' : `: ${outcome.detail}`;
  host.stderr.write(
    `${printable(`The call in ${printable(room, LONGEST_ROOM)} ended: ${outcome.reason}${detail}`, 512)}\n`,
  );
  return outcome.status === 'failed' ? exitCode.failed : exitCode.done;
}
