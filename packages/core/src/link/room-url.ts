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
 * Where the room of an assignment is: LiveKit may name a URL of its own, and the agent would show its
 * join token there. Only the host and port the worker is connected to, or a host of `allowedHosts`,
 * will do (for a worker of LiveKit Cloud any of its hosts), and never without TLS where the worker has it.
 * @param assigned - empty: where the worker is connected
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
    throw foreign('LiveKit sent a call to something that is no LiveKit URL.');
  if (SECURE.includes(own.protocol) && !SECURE.includes(room.protocol))
    throw foreign(
      `LiveKit sent a call to ${room.host} without TLS, while the worker is connected with it.`,
    );
  if (hostAndPort(room) === hostAndPort(own)) return assigned;
  if (bothInCloud(own, room)) return assigned;
  if (allowedHosts.some((allowed) => matches(room, allowed))) return assigned;
  throw foreign(
    `LiveKit sent a call to ${room.host}, but the worker is connected to ${own.host}. If that host is yours, name it: livekit: { allowedHosts: ['${room.hostname}'] }.`,
  );
}

/** Warns when what is sent to LiveKit can be read on its way there. */
export function warnIfPlain(url: string, logger: Logger): void {
  const { protocol, hostname, host } = new URL(url);
  if (SECURE.includes(protocol) || isLoopback(hostname)) return;
  logger.warn(
    { host },
    `The connection to LiveKit at ${host} is not encrypted: whoever is on the way reads the tokens of its rooms. Use wss://.`,
  );
}

// LiveKit Cloud may send a call to the server of a region, whose name is another one under its own domain.
function bothInCloud(own: URL, room: URL): boolean {
  return room.port === '' && [own, room].every((url) => matches(url, '*.livekit.cloud'));
}

function foreign(message: string): OpenRtcError {
  return new OpenRtcError('SESSION_FOREIGN_HOST', message);
}

// Hosts of schemes the URL standard does not know, such as embedded:, are not made lower case.
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
