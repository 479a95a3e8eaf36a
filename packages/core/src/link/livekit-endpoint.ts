import { checkAll } from '../base/all-faults.js';
import { OpenRtcError, messageOf } from '../base/errors.js';

/** The LiveKit server and the credentials. */
export interface LiveKitOptions {
  /** The URL of the server: `wss://…`, `ws://…`, `https://…` or `http://…`. Default: `LIVEKIT_URL`. */
  url?: string;
  /** The API key. Default: `LIVEKIT_API_KEY`. */
  apiKey?: string;
  /** The API secret. Default: `LIVEKIT_API_SECRET`. */
  apiSecret?: string;
  /** The token of a LiveKit Cloud deployment. Default: `LIVEKIT_WORKER_TOKEN`, else none. */
  workerToken?: string;
  /**
   * Hosts other than that of `url` to which LiveKit may send calls: a host, a host with a port, or `*.` and a domain.
   * Default: none. A call on any other host fails with `SESSION_FOREIGN_HOST`.
   */
  allowedHosts?: readonly string[];
}

/** {@link LiveKitOptions} with the values of the environment, checked. */
export interface LiveKitEndpoint {
  /** The URL of the server, as it was given. */
  readonly url: string;
  /** The API key. */
  readonly apiKey: string;
  /** The API secret. */
  readonly apiSecret: string;
  /** The token of a LiveKit Cloud deployment; absent for none. */
  readonly workerToken?: string;
  /** The other hosts to which LiveKit may send calls; absent for none. */
  readonly allowedHosts?: readonly string[];
}

/**
 * Takes the options, or the environment where an option is not given, and checks them.
 * @throws OpenRtcError `CONFIG_MISSING_CREDENTIALS` with the missing variables, `CONFIG_INVALID_URL`, or
 * `CONFIG_INVALID_OPTION` for invalid hosts.
 */
export function resolveEndpoint(
  options: LiveKitOptions = {},
  env: NodeJS.ProcessEnv = process.env,
): LiveKitEndpoint {
  const url = (options.url ?? env['LIVEKIT_URL'] ?? '').trim();
  const apiKey = (options.apiKey ?? env['LIVEKIT_API_KEY'] ?? '').trim();
  const apiSecret = (options.apiSecret ?? env['LIVEKIT_API_SECRET'] ?? '').trim();
  const workerToken = options.workerToken ?? env['LIVEKIT_WORKER_TOKEN'];
  const missing = [
    ...(url === '' ? ['LIVEKIT_URL'] : []),
    ...(apiKey === '' ? ['LIVEKIT_API_KEY'] : []),
    ...(apiSecret === '' ? ['LIVEKIT_API_SECRET'] : []),
  ];
  const { allowedHosts } = options;
  checkAll([
    () => checkMissing(missing),
    () => void (url === '' || workerUrl(url)),
    () => checkHosts(allowedHosts),
  ]);
  return {
    url,
    apiKey,
    apiSecret,
    ...(workerToken ? { workerToken } : {}),
    ...(allowedHosts === undefined ? {} : { allowedHosts }),
  };
}

function checkMissing(missing: readonly string[]): void {
  if (missing.length === 0) return;
  throw new OpenRtcError(
    'CONFIG_MISSING_CREDENTIALS',
    `Missing ${missing.join(', ')}. Set it in the environment or pass it as the pool option livekit: { url, apiKey, apiSecret }.`,
  );
}

/**
 * Checks the option `allowedHosts`. A URL or a single star would seem to allow something, but match nothing.
 * @throws OpenRtcError `CONFIG_INVALID_OPTION`
 */
export function checkHosts(hosts: unknown): void {
  const isHost = (host: unknown) =>
    typeof host === 'string' && /^(\*\.)?[^\s*/@]+$/.test(host.trim());
  if (hosts === undefined || (Array.isArray(hosts) && hosts.every(isHost))) return;
  throw new OpenRtcError(
    'CONFIG_INVALID_OPTION',
    "livekit: allowedHosts must be an array of hosts, such as ['rtc.example.com', '*.example.com', '10.0.0.7:7880']",
  );
}

/**
 * The URL of the worker socket: with the scheme ws or wss, with the path and the query of `url`, and with `/agent` at
 * the end of the path (the server answers 404 to `/agent/`).
 * @throws OpenRtcError `CONFIG_INVALID_URL`.
 */
export function workerUrl(url: string, workerToken?: string): URL {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new OpenRtcError(
      'CONFIG_INVALID_URL',
      `LIVEKIT_URL is not a URL: ${messageOf(cause)}. It looks like wss://my-project.livekit.cloud or ws://localhost:7880.`,
      { cause },
    );
  }
  const scheme = { 'ws:': 'ws:', 'http:': 'ws:', 'wss:': 'wss:', 'https:': 'wss:' }[
    parsed.protocol
  ];
  if (scheme === undefined) {
    throw new OpenRtcError(
      'CONFIG_INVALID_URL',
      `LIVEKIT_URL has the scheme ${parsed.protocol} but must have ws:, wss:, http: or https:. It looks like wss://my-project.livekit.cloud or ws://localhost:7880.`,
    );
  }
  parsed.protocol = scheme;
  const path = parsed.pathname.replace(/\/+$/, '');
  parsed.pathname = path.endsWith('/agent') ? path : `${path}/agent`;
  if (workerToken !== undefined) parsed.searchParams.set('worker_token', workerToken);
  return parsed;
}
