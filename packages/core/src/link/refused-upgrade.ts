import type { IncomingMessage } from 'node:http';

/** Clocks that differ by more than this, in seconds, are named as a possible reason. */
const MAX_CLOCK_SKEW_SECONDS = 30;

/** The error for an HTTP answer that refuses the WebSocket upgrade. The body is not read: on 401 it has the whole token. */
export function refusedUpgrade(response: IncomingMessage) {
  response.resume();
  if (response.statusCode !== 401) {
    return {
      code: 'LINK_CLOSED' as const,
      message: `LiveKit answered HTTP ${response.statusCode}. Is LIVEKIT_URL the address of a LiveKit server?`,
    };
  }
  const skew = clockSkewSeconds(response.headers.date);
  const hint =
    Math.abs(skew) > MAX_CLOCK_SKEW_SECONDS
      ? ` The clocks differ by ${skew} s, which alone can be the reason.`
      : '';
  return {
    code: 'LINK_UNAUTHORIZED' as const,
    message: `LiveKit refused the credentials (HTTP 401): check LIVEKIT_API_KEY and LIVEKIT_API_SECRET.${hint}`,
  };
}

function clockSkewSeconds(date: string | undefined): number {
  const server = Date.parse(date ?? '');
  return Number.isNaN(server) ? 0 : Math.round((Date.now() - server) / 1_000);
}
