import { RoomServiceClient } from 'livekit-server-sdk';

// In seconds, as livekit-server-sdk takes it.
const REQUEST_TIMEOUT_SECONDS = 5;

/** The server whose API is asked. */
export interface RoomServer {
  readonly url: string;
  readonly apiKey: string;
  readonly apiSecret: string;
}

/**
 * Removes a participant whose process is gone: it would stay visible in its room for about 21 s.
 * @throws when LiveKit cannot be reached or does not know the participant
 */
export async function removeGhost(
  server: RoomServer,
  room: string,
  identity: string,
): Promise<void> {
  const host = server.url.replace(/^ws/, 'http');
  const client = new RoomServiceClient(host, server.apiKey, server.apiSecret, {
    requestTimeout: REQUEST_TIMEOUT_SECONDS,
  });
  await client.removeParticipant(room, identity);
}
