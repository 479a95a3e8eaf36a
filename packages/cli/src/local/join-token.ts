import { createHmac } from 'node:crypto';

const LIFETIME_SECONDS = 6 * 3_600;

/**
 * A token for a participant to join one room, valid for six hours.
 * @param now - Unix time in milliseconds
 */
export function joinToken(
  { apiKey, apiSecret }: { readonly apiKey: string; readonly apiSecret: string },
  identity: string,
  room: string,
  now = Date.now(),
): string {
  const nbf = Math.floor(now / 1_000) - 60;
  const claims = {
    iss: apiKey,
    sub: identity,
    nbf,
    exp: nbf + LIFETIME_SECONDS,
    video: { roomJoin: true, room },
  };
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', apiSecret).update(signed).digest('base64url')}`;
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
