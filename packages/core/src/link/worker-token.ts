import { createHmac } from 'node:crypto';

import type { LiveKitEndpoint } from './livekit-endpoint.js';

// Short, because each attempt to connect gets a new token.
const LIFETIME_SECONDS = 600;
// The server allows 60 s of clock skew in both directions. A token that is valid since a minute ago allows 120 s when
// the clock of this machine is ahead. The AccessToken of the SDK is always valid from now on.
const VALID_SINCE_SECONDS = 60;

/** Creates a JWT that allows this process to register as a worker, valid for 10 min. Send it only in a header. */
export function mintWorkerToken(
  { apiKey, apiSecret }: Pick<LiveKitEndpoint, 'apiKey' | 'apiSecret'>,
  now = Date.now(),
): string {
  const nbf = Math.floor(now / 1_000) - VALID_SINCE_SECONDS;
  const claims = { iss: apiKey, nbf, exp: nbf + LIFETIME_SECONDS, video: { agent: true } };
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', apiSecret).update(signed).digest('base64url')}`;
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
