import { type FoundServer, findLiveKitServer } from '@openrtc/test-rig';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { BuildProgress } from './build-progress.js';

/** Messages from the process of the search. */
export type FromSearch = { type: 'progress'; line: string } | { type: 'found'; found: FoundServer };

const STOP_MS = 5_000;

/** Finds a livekit-server, and builds one if necessary. An abort stops the build and leaves nothing behind. */
export async function searchServer(
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<FoundServer> {
  const atHand = await findLiveKitServer({ mayBuild: false });
  if (atHand.available || process.env.LIVEKIT_URL || process.env.LIVEKIT_SERVER_BIN) return atHand;
  return buildElsewhere(say, signal);
}

async function buildElsewhere(
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<FoundServer> {
  // A process group of its own: go starts compilers that must end with it.
  const child = fork(fileURLToPath(new URL('livekit/search-main.js', import.meta.url)), [], {
    execArgv: [],
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const { pid } = child;
  let found: FoundServer = {
    available: false,
    reason: 'The search for a livekit-server was interrupted.',
  };
  const progress = new BuildProgress(say);
  child.on('message', (message: FromSearch) => {
    if (message.type === 'found') found = message.found;
    else progress.take(message.line);
  });
  const killTimers: NodeJS.Timeout[] = [];
  const stop = (): void => {
    if (pid === undefined) return;
    process.kill(-pid, 'SIGINT');
    killTimers.push(setTimeout(() => process.kill(-pid, 'SIGKILL'), STOP_MS));
  };
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await once(child, 'exit');
    return found;
  } finally {
    progress.end();
    signal.removeEventListener('abort', stop);
    for (const timer of killTimers) clearTimeout(timer);
  }
}
