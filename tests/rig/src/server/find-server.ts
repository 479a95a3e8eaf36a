import { homedir } from 'node:os';
import { join } from 'node:path';
import { findOnPath, isExecutable } from '../processes/find-program.js';
import { buildServer, LIVEKIT_SERVER_VERSION, type Progress } from './build-server.js';

/** A livekit-server that runs elsewhere, whose log cannot be read. */
export interface ExternalServer {
  available: true;
  kind: 'external';
  url: string;
  apiKey: string;
  apiSecret: string;
}

/** A livekit-server that can be started here. */
export interface ServerBinary {
  available: true;
  kind: 'binary';
  path: string;
  source: 'LIVEKIT_SERVER_BIN' | 'PATH' | 'cache' | 'built';
}

/** No livekit-server is available; the reason is for people. */
export interface NoServer {
  available: false;
  reason: string;
}

/** Result of {@link findLiveKitServer}. */
export type FoundServer = ExternalServer | ServerBinary | NoServer;

/** Options of {@link findLiveKitServer}. */
export interface FindServerOptions {
  /** Called with the progress of a build. */
  onProgress?: Progress;
  /** Where to look; default `process.env`. */
  env?: NodeJS.ProcessEnv;
  /** Whether it may be built when it is not found; default true. */
  mayBuild?: boolean;
  /** Ends a build with everything it has started. */
  signal?: AbortSignal;
}

/** Finds a real livekit-server: `LIVEKIT_URL`, `LIVEKIT_SERVER_BIN`, the PATH, the cache, or a build with Go. */
export async function findLiveKitServer(options: FindServerOptions = {}): Promise<FoundServer> {
  const { env = process.env, onProgress = () => undefined, mayBuild = true, signal } = options;
  if (env.LIVEKIT_URL) return externalServer(env.LIVEKIT_URL, env);

  if (env.LIVEKIT_SERVER_BIN) {
    if (await isExecutable(env.LIVEKIT_SERVER_BIN))
      return binary(env.LIVEKIT_SERVER_BIN, 'LIVEKIT_SERVER_BIN');
    return missing(
      `LIVEKIT_SERVER_BIN is ${env.LIVEKIT_SERVER_BIN}, which is not an executable file.`,
    );
  }

  const onPath = await findOnPath('livekit-server', env);
  if (onPath) return binary(onPath, 'PATH');

  const cached = cachedServerPath(env);
  if (await isExecutable(cached)) return binary(cached, 'cache');

  const ways =
    'Set LIVEKIT_URL (with LIVEKIT_API_KEY and LIVEKIT_API_SECRET) or LIVEKIT_SERVER_BIN';
  if (!mayBuild) return missing(`No livekit-server was found. ${ways}.`);
  const go = await findOnPath('go', env);
  if (!go) {
    return missing(
      `No livekit-server was found, and there is no go to build one. ${ways}, or install Go.`,
    );
  }
  try {
    await buildServer({
      go,
      target: cached,
      onProgress,
      signal,
      isThere: () => isExecutable(cached),
    });
    return binary(cached, 'built');
  } catch (error) {
    return missing(
      `livekit-server ${LIVEKIT_SERVER_VERSION} did not build: ${(error as Error).message}. ${ways}.`,
    );
  }
}

/** Like {@link findLiveKitServer}, for those who need a server of their own; rejects with the reason without one. */
export async function findServerBinary(options: FindServerOptions = {}): Promise<ServerBinary> {
  const found = await findLiveKitServer(options);
  if (!found.available) throw new Error(found.reason);
  if (found.kind === 'binary') return found;
  throw new Error('This needs a livekit-server of its own: unset LIVEKIT_URL.');
}

function externalServer(url: string, env: NodeJS.ProcessEnv): FoundServer {
  const { LIVEKIT_API_KEY: apiKey, LIVEKIT_API_SECRET: apiSecret } = env;
  if (apiKey && apiSecret) return { available: true, kind: 'external', url, apiKey, apiSecret };
  return missing('LIVEKIT_URL is set, so LIVEKIT_API_KEY and LIVEKIT_API_SECRET must be set, too.');
}

/** The folder for builds: in `OPENRTC_CACHE_DIR`, else `XDG_CACHE_HOME`, else `~/.cache`. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  return join(env.OPENRTC_CACHE_DIR ?? env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'openrtc');
}

/** Path of the server that was built, see {@link cacheFolder}. */
export function cachedServerPath(env: NodeJS.ProcessEnv): string {
  return join(cacheFolder(env), `livekit-server-${LIVEKIT_SERVER_VERSION}`, 'livekit-server');
}

function binary(path: string, source: ServerBinary['source']): ServerBinary {
  return { available: true, kind: 'binary', path, source };
}

function missing(reason: string): NoServer {
  return { available: false, reason };
}
