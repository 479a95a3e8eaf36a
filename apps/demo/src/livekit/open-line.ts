import type { EmbeddedLiveKit } from '@openrtc/core/testing';
import {
  type FoundServer,
  type LiveKitServer,
  findLiveKitServer,
  startCallers,
  startLiveKitServer,
} from '@openrtc/test-rig';

import type { Line } from '../calls/line.js';
import type { Cleanup } from '../cleanup.js';
import { orAborted } from '../interrupt.js';
import { BuildProgress } from './build-progress.js';
import { SpokenLine } from './spoken-line.js';
import { TypedLine } from './typed-line.js';

/** An open line and its kind. */
export interface OpenLine {
  line: Line;
  kind: 'local' | 'external' | 'embedded';
  /** Description for people. */
  title: string;
  /** The reason why there is no real server. */
  warning?: string;
  /** The real server, if there is one. */
  server?: LiveKitServer;
}

/** Options of {@link openLine}. */
export interface OpenLineOptions {
  embedded: boolean;
  say: (line: string) => void;
  cleanup: Cleanup;
  signal: AbortSignal;
}

/** Opens the best line available: a real livekit-server, or else the embedded endpoint. */
export async function openLine(options: OpenLineOptions): Promise<OpenLine> {
  const { embedded, say, cleanup, signal } = options;
  if (embedded) return openEmbedded('--embedded was asked for.', options);
  const search = searchServer(say, signal);
  // The search ends by itself when the signal aborts, but the clean-up must wait for that.
  cleanup.add(() => search);
  const found = await orAborted(signal, search);
  if (!found.available) return openEmbedded(found.reason, options);
  const server = await cleanup.own(startLiveKitServer({ found }), (each) => each.close(), signal);
  const callers = await cleanup.own(startCallers(), (each) => each.close(), signal);
  const kind = found.kind === 'external' ? 'external' : 'local';
  return { line: new SpokenLine(server, callers), kind, title: titleOf(found, server), server };
}

async function searchServer(
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<FoundServer> {
  const progress = new BuildProgress(say);
  try {
    return await findLiveKitServer({ onProgress: (line) => progress.take(line), signal });
  } finally {
    progress.end();
  }
}

/** Starts the embedded endpoint. */
export async function openEndpoint({
  cleanup,
  signal,
}: Pick<OpenLineOptions, 'cleanup' | 'signal'>): Promise<EmbeddedLiveKit> {
  // Imported here because it loads the whole SDK.
  const { startEmbeddedLiveKit } = await import('@openrtc/core/testing');
  return cleanup.own(startEmbeddedLiveKit(), (each) => each.close(), signal);
}

async function openEmbedded(warning: string, options: OpenLineOptions): Promise<OpenLine> {
  const endpoint = await openEndpoint(options);
  const title = `embedded endpoint of @openrtc/core/testing at ${endpoint.url}; calls are text`;
  return { line: new TypedLine(endpoint), kind: 'embedded', title, warning };
}

function titleOf(
  found: Exclude<FoundServer, { available: false }>,
  { url }: LiveKitServer,
): string {
  if (found.kind === 'external') {
    return `real LiveKit at ${url}, from LIVEKIT_URL; other workers there may take calls of the demo`;
  }
  return `real livekit-server on this machine at ${url} (${found.path}); calls are speech over WebRTC`;
}
