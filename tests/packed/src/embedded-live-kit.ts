import * as testing from '@openrtc/core/testing';

/** One call to the worker under test, as its caller. */
export interface EmbeddedCall {
  say(text: string): unknown;
  nextReply(): Promise<unknown>;
  hangUp(): unknown;
  readonly ended: Promise<unknown>;
}

/** A LiveKit endpoint in this process. */
export interface EmbeddedLiveKit {
  readonly url: string;
  readonly apiKey: string;
  readonly apiSecret: string;
  call(options: { room: string; metadata?: string }): Promise<EmbeddedCall> | EmbeddedCall;
  close(): Promise<void>;
}

/** Starts the endpoint of `@openrtc/core/testing`. */
export function startEmbeddedLiveKit(): Promise<EmbeddedLiveKit> {
  const { startEmbeddedLiveKit: start } = testing as {
    startEmbeddedLiveKit?: () => Promise<EmbeddedLiveKit>;
  };
  if (start === undefined) throw new Error('@openrtc/core/testing has no startEmbeddedLiveKit()');
  return start();
}
