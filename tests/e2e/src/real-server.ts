import {
  type FoundServer,
  type LiveKitServer,
  findLiveKitServer,
  startLiveKitServer,
} from '@openrtc/test-rig';

// Looked for once, when a test file is loaded: whether it runs must be known before its tests are.
const found: FoundServer = await findLiveKitServer({ onProgress: (line) => console.log(line) });

/** Why there is no real server; undefined when there is one. */
export const noServer: string | undefined = found.available ? undefined : found.reason;

if (noServer !== undefined) {
  console.error(`\n*** NO REAL LIVEKIT-SERVER: these tests are skipped. ${noServer} ***\n`);
}

/** A fresh server of this test file's own. */
export function startServer(options: { targetLoad?: number } = {}): Promise<LiveKitServer> {
  return startLiveKitServer({ found, ...options });
}

let rooms = 0;

/** A room name no other test uses. */
export function roomName(prefix: string): string {
  rooms += 1;
  return `${prefix}-${process.pid}-${rooms}`;
}
