import { AccessToken } from 'livekit-server-sdk';

import type { LiveKitEndpoint } from './livekit-endpoint.js';

// Short, because a fresh one is minted for each attempt; the server allows 60 s of clock skew.
const TOKEN_TTL_SECONDS = 600;

/** A fresh JWT that allows this process to register as a worker. Sent as a header, never in a URL. */
export function mintWorkerToken(endpoint: LiveKitEndpoint): Promise<string> {
  const token = new AccessToken(endpoint.apiKey, endpoint.apiSecret, { ttl: TOKEN_TTL_SECONDS });
  token.addGrant({ agent: true });
  return token.toJwt();
}
