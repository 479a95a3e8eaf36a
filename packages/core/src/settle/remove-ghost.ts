import { RoomServiceClient } from 'livekit-server-sdk';

// In seconds, because livekit-server-sdk expects seconds.
const REQUEST_TIMEOUT_SECONDS = 5;

/** A LiveKit server and the key for its API. */
export interface RoomServer {
  /** `ws://` or `wss://` URL of the server. */
  readonly url: string;
  /** API key. */
  readonly apiKey: string;
  /** API secret. */
  readonly apiSecret: string;
}

/**
 * Removes the participant of an agent whose process has died. Otherwise it would stay visible in its room for about 21
 * s.
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
