import { setTimeout as sleep } from 'node:timers/promises';
import { describe } from 'vitest';
import { isAlive } from './processes/kill.js';
import { findLiveKitServer, type FoundServer } from './server/find-server.js';

/** The server the tests of this run use. */
export const found: FoundServer = await findLiveKitServer({
  onProgress: (line) => console.error(`[livekit-server] ${line}`),
});

/** A suite that needs a real server with a readable log: skipped with its reason printed where there is none. */
export function describeOnRealServer(name: string, suite: () => void): void {
  const reason = !found.available
    ? found.reason
    : found.kind === 'external'
      ? 'LIVEKIT_URL names a server elsewhere: its log and its process are out of reach.'
      : undefined;
  if (reason !== undefined) console.error(`\n!!! SKIPPED: ${name}\n!!! ${reason}\n`);
  describe.skipIf(reason !== undefined)(name, suite);
}

/** Resolves when the process is gone; rejects when it stays. */
export async function gone(pid: number, timeoutMs = 30_000): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; isAlive(pid); await sleep(20)) {
    if (Date.now() > deadline)
      throw new Error(`Process ${pid} is still there after ${timeoutMs} ms.`);
  }
}
