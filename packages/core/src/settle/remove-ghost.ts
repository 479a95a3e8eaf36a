import { RoomServiceClient } from 'livekit-server-sdk';

import type { LiveKitEndpoint } from '../link/livekit-endpoint.js';

// In seconds, as livekit-server-sdk takes it.
const REQUEST_TIMEOUT_SECONDS = 5;

/**
 * Removes a participant whose process is gone: it would stay visible in its room for about 21 s.
 * @throws when LiveKit cannot be reached or does not know the participant
 */
export async function removeGhost(
  endpoint: LiveKitEndpoint,
  room: string,
  identity: string,
): Promise<void> {
  const host = endpoint.url.replace(/^ws/, 'http');
  const client = new RoomServiceClient(host, endpoint.apiKey, endpoint.apiSecret, {
    requestTimeout: REQUEST_TIMEOUT_SECONDS,
  });
  await client.removeParticipant(room, identity);
}
