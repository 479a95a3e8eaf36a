import { setTimeout as sleep } from 'node:timers/promises';
import { describe } from 'vitest';
import { isAlive } from './processes/kill.js';
import { findLiveKitServer, type FoundServer } from './server/find-server.js';

/** The server for the tests of this run. */
export const found: FoundServer = await findLiveKitServer({
  onProgress: (line) => console.error(`[livekit-server] ${line}`),
});

/** A suite that needs a real server with a readable log; skipped, with the reason printed, when there is none. */
export function describeOnRealServer(name: string, suite: () => void): void {
  const reason = !found.available
    ? found.reason
    : found.kind === 'external'
      ? 'LIVEKIT_URL names a server elsewhere, whose log and process are not accessible.'
      : undefined;
  if (reason !== undefined) console.error(`\n!!! SKIPPED: ${name}\n!!! ${reason}\n`);
  describe.skipIf(reason !== undefined)(name, suite);
}

/** Resolves when a process has ended; rejects at the time-out. */
export async function gone(pid: number, timeoutMs = 30_000): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; isAlive(pid); await sleep(20)) {
    if (Date.now() > deadline)
      throw new Error(`Process ${pid} is still there after ${timeoutMs} ms.`);
  }
}
