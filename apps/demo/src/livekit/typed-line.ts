import type { EmbeddedLiveKit } from '@openrtc/core/testing';

import type { Heard, Line } from '../calls/line.js';
import { type PlannedCall, wordsOf } from '../calls/plan.js';

/** Calls through the embedded endpoint, with callers that type and read. */
export class TypedLine implements Line {
  readonly livekit: EmbeddedLiveKit;

  constructor(endpoint: EmbeddedLiveKit) {
    this.livekit = endpoint;
  }

  async call(planned: PlannedCall, greeted: () => Promise<void>): Promise<Heard> {
    const { room, metadata, number } = planned;
    const dialledAt = Date.now();
    const call = await this.livekit.call({ room, metadata, identity: `caller-${number}` });
    try {
      const greeting = await call.nextReply();
      const greetingMs = Date.now() - dialledAt;
      await greeted();
      const typedAt = Date.now();
      const reply = await call.say(wordsOf(planned));
      const replyMs = Date.now() - typedAt;
      call.hangUp();
      const { status, error } = await call.ended;
      const recordedAs = error === '' ? status : `${status} ${error}`;
      return { greeting, reply, greetingMs, replyMs, recordedAs };
    } finally {
      call.hangUp();
    }
  }
}
