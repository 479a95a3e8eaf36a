import type { LiveKitAddress } from '@openrtc/test-rig';

import type { PlannedCall } from './plan.js';

/** A call from the caller's point of view. */
export interface Heard {
  greeting: string;
  reply: string;
  /** From dialling to the start of the greeting. */
  greetingMs: number;
  /** From the caller's last word to the start of the reply. */
  replyMs: number;
  /** The agent's audio as received; undefined for text calls. */
  audio?: { heardMs: number; pitchesHz: readonly (number | null)[] };
  /** How LiveKit recorded the end of the job; undefined when that cannot be read. */
  recordedAs?: string;
}

/** The connection for callers: real audio or text. */
export interface Line {
  /** Where the worker connects. */
  readonly livekit: LiveKitAddress;
  /** Makes one whole call. `greeted` is called after the greeting; the caller speaks once it has resolved. */
  call(planned: PlannedCall, greeted: () => Promise<void>): Promise<Heard>;
}
