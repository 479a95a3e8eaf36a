import { OpenRtcError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { LiveKitEndpoint } from './livekit-endpoint.js';

const PORTS: Readonly<Record<string, string>> = {
  'ws:': '80',
  'http:': '80',
  'wss:': '443',
  'https:': '443',
};
const SECURE = ['wss:', 'https:'];

/**
 * The URL at which an agent joins its room. LiveKit may assign a URL other than the worker's, and the agent would send
 * its join token there. So the URL must have the host and port of the worker's connection or a host of `allowedHosts`
 * (for LiveKit Cloud any of its hosts), and it must use TLS if the worker's connection does.
 * @param assigned - empty for the URL of the worker
 * @throws OpenRtcError `SESSION_FOREIGN_HOST`.
 */
export function roomUrl(
  assigned: string | undefined,
  { url, allowedHosts = [] }: Pick<LiveKitEndpoint, 'url' | 'allowedHosts'>,
): string {
  if (!assigned) return url;
  const own = new URL(url);
  const room = URL.canParse(assigned) ? new URL(assigned) : undefined;
  if (room === undefined || !(room.protocol in PORTS || room.protocol === 'embedded:'))
    throw foreign('LiveKit sent a call to an address that is not a LiveKit URL.');
  if (SECURE.includes(own.protocol) && !SECURE.includes(room.protocol))
    throw foreign(
      `LiveKit sent a call to ${room.host} without TLS, but the worker is connected with TLS.`,
    );
  if (hostAndPort(room) === hostAndPort(own)) return assigned;
  if (bothInCloud(own, room)) return assigned;
  if (allowedHosts.some((allowed) => matches(room, allowed))) return assigned;
  throw foreign(
    `LiveKit sent a call to ${room.host}, but the worker is connected to ${own.host}. If that host is yours, allow it: livekit: { allowedHosts: ['${room.hostname}'] }.`,
  );
}

/** Logs a warning when the connection to LiveKit is not encrypted, except to this machine. */
export function warnIfPlain(url: string, logger: Logger): void {
  const { protocol, hostname, host } = new URL(url);
  if (SECURE.includes(protocol) || isLoopback(hostname)) return;
  logger.warn(
    { host },
    `The connection to LiveKit at ${host} is not encrypted: anyone on the network path can read the tokens of its rooms. Use wss://.`,
  );
}

// LiveKit Cloud may send a call to the server of a region, which has another name in the same domain.
function bothInCloud(own: URL, room: URL): boolean {
  return room.port === '' && [own, room].every((url) => matches(url, '*.livekit.cloud'));
}

function foreign(message: string): OpenRtcError {
  return new OpenRtcError('SESSION_FOREIGN_HOST', message);
}

// URL does not convert the host to lower case for schemes it does not know, such as embedded:.
function hostAndPort({ protocol, hostname, port }: URL): string {
  return `${hostname.toLowerCase()}:${port || PORTS[protocol]}`;
}

/** `allowed` is a host, a host with a port, or `*.` and a domain. */
function matches(room: URL, allowed: string): boolean {
  const host = room.hostname.toLowerCase();
  const pattern = allowed.trim().toLowerCase();
  if (pattern.startsWith('*.')) return host.endsWith(pattern.slice(1));
  return pattern === host || pattern === hostAndPort(room);
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}
