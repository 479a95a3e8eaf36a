import { OpenRtcError, messageOf } from '../base/errors.js';

/** Where LiveKit is and who we are there. */
export interface LiveKitOptions {
  /** `wss://…`, `ws://…`, `https://…` or `http://…`. Default: `LIVEKIT_URL`. */
  url?: string;
  /** Default: `LIVEKIT_API_KEY`. */
  apiKey?: string;
  /** Default: `LIVEKIT_API_SECRET`. */
  apiSecret?: string;
  /** Token of a LiveKit Cloud deployment. Default: `LIVEKIT_WORKER_TOKEN`. */
  workerToken?: string;
  /**
   * Hosts besides that of `url` whose rooms agents may join when LiveKit sends a call there: a host, a
   * host with a port, or `*.` and a domain. Default: none; such a call fails with `SESSION_FOREIGN_HOST`.
   */
  allowedHosts?: readonly string[];
}

/** {@link LiveKitOptions}, resolved and checked. */
export interface LiveKitEndpoint {
  readonly url: string;
  readonly apiKey: string;
  readonly apiSecret: string;
  readonly workerToken?: string;
  readonly allowedHosts?: readonly string[];
}

/**
 * Options over environment, checked.
 * @throws OpenRtcError `CONFIG_MISSING_CREDENTIALS` naming each missing variable,
 * `CONFIG_INVALID_URL` for a URL that is none, `CONFIG_INVALID_OPTION` for hosts that are none.
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
  if (missing.length > 0) {
    throw new OpenRtcError(
      'CONFIG_MISSING_CREDENTIALS',
      `Missing ${missing.join(', ')}. Set it in the environment or pass it as the pool option livekit: { url, apiKey, apiSecret }.`,
    );
  }
  workerUrl(url);
  const { allowedHosts } = options;
  checkHosts(allowedHosts);
  return {
    url,
    apiKey,
    apiSecret,
    ...(workerToken ? { workerToken } : {}),
    ...(allowedHosts === undefined ? {} : { allowedHosts }),
  };
}

// A URL or a lone star would look as if it allowed something.
function checkHosts(hosts: unknown): void {
  const isHost = (host: unknown) =>
    typeof host === 'string' && /^(\*\.)?[^\s*/@]+$/.test(host.trim());
  if (hosts === undefined || (Array.isArray(hosts) && hosts.every(isHost))) return;
  throw new OpenRtcError(
    'CONFIG_INVALID_OPTION',
    "livekit: allowedHosts must be an array of hosts, such as ['rtc.example.com', '*.example.com', '10.0.0.7:7880']",
  );
}

/**
 * The worker socket's URL: the scheme made ws or wss, a path prefix and query kept, exactly one
 * `/agent` added (the server answers 404 to `/agent/`).
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
