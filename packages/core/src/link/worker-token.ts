import { createHmac } from 'node:crypto';

import type { LiveKitEndpoint } from './livekit-endpoint.js';

// Short, because a fresh one is minted for each attempt.
const LIFETIME_SECONDS = 600;
// The server allows 60 s of clock skew both ways; a token that began a minute ago doubles that for a
// clock that is ahead. The SDK's AccessToken always begins now.
const BEGUN_SECONDS_AGO = 60;

/** A fresh JWT that allows this process to register as a worker. Sent as a header, never in a URL. */
export function mintWorkerToken(
  { apiKey, apiSecret }: Pick<LiveKitEndpoint, 'apiKey' | 'apiSecret'>,
  now = Date.now(),
): string {
  const nbf = Math.floor(now / 1_000) - BEGUN_SECONDS_AGO;
  const claims = { iss: apiKey, nbf, exp: nbf + LIFETIME_SECONDS, video: { agent: true } };
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', apiSecret).update(signed).digest('base64url')}`;
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
