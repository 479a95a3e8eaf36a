import {
  type FoundServer,
  type LiveKitServer,
  startCallers,
  startLiveKitServer,
} from '@openrtc/test-rig';

import type { Line } from '../calls/line.js';
import type { Cleanup } from '../cleanup.js';
import { orAborted } from '../interrupt.js';
import { searchServer } from './search.js';
import { SpokenLine } from './spoken-line.js';
import { TypedLine } from './typed-line.js';

/** A line that is open, and what kind of one. */
export interface OpenLine {
  line: Line;
  kind: 'local' | 'external' | 'embedded';
  /** What it is, for people. */
  title: string;
  /** Why there is no real server. */
  warning?: string;
  /** The server, where there is a real one. */
  server?: LiveKitServer;
}

/** What {@link openLine} needs. */
export interface OpenLineOptions {
  embedded: boolean;
  say: (line: string) => void;
  cleanup: Cleanup;
  signal: AbortSignal;
}

/** Opens the best line there is: a real livekit-server, else the embedded endpoint. */
export async function openLine(options: OpenLineOptions): Promise<OpenLine> {
  const { embedded, say, cleanup, signal } = options;
  if (embedded) return openEmbedded('--embedded was asked for.', options);
  const search = searchServer(say, signal);
  // The search ends by itself when the signal aborts; its end has to be waited for.
  cleanup.add(() => search);
  const found = await orAborted(signal, search);
  if (!found.available) return openEmbedded(found.reason, options);
  const server = await cleanup.own(startLiveKitServer({ found }), (each) => each.close(), signal);
  const callers = await cleanup.own(startCallers(), (each) => each.close(), signal);
  const kind = found.kind === 'external' ? 'external' : 'local';
  return { line: new SpokenLine(server, callers), kind, title: titleOf(found, server), server };
}

async function openEmbedded(warning: string, options: OpenLineOptions): Promise<OpenLine> {
  const { cleanup, signal } = options;
  // Only here, because it loads the whole SDK.
  const { startEmbeddedLiveKit } = await import('@openrtc/core/testing');
  const endpoint = await cleanup.own(startEmbeddedLiveKit(), (each) => each.close(), signal);
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
