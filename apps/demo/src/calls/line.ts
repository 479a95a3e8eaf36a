import type { LiveKitAddress } from '@openrtc/test-rig';

import type { PlannedCall } from './plan.js';

/** A call as the caller lived it. */
export interface Heard {
  greeting: string;
  reply: string;
  /** From dialling to the begin of the greeting. */
  greetingMs: number;
  /** From the caller's last word to the begin of the reply. */
  replyMs: number;
  /** Sound of the agent that arrived; undefined where calls are text. */
  audio?: { heardMs: number; pitchesHz: readonly (number | null)[] };
  /** How LiveKit recorded the end of the job; undefined where that cannot be read. */
  recordedAs?: string;
}

/** What callers call over. */
export interface Line {
  /** Where the worker connects. */
  readonly livekit: LiveKitAddress;
  /** One whole call; `greeted` is called when the greeting was heard, and waited for before the caller speaks. */
  call(planned: PlannedCall, greeted: () => Promise<void>): Promise<Heard>;
}
