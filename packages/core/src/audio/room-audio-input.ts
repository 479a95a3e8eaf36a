import { voice } from '@livekit/agents';
import {
  type AudioFrame,
  AudioStream,
  ParticipantKind,
  type RemoteParticipant,
  type RemoteTrack,
  type RemoteTrackPublication,
  type Room,
  RoomEvent,
  TrackSource,
} from '@livekit/rtc-node';
import {
  ReadableStream,
  type ReadableStreamDefaultController,
  type ReadableStreamDefaultReader,
} from 'node:stream/web';

import { deferred } from '../base/deferred.js';

/*
 * The SDK's own input reads 24 kHz in 10 ms frames and resamples them twice, for the VAD and the turn detector, which
 * both need 16 kHz. Reading 16 kHz in 32 ms frames (one VAD window) from the native library reduced the work of the JS
 * thread by 40 % (four calls, measured).
 */
const SAMPLE_RATE = 16_000;
const FRAME_MS = 32;
/*
 * The frames go to the session through one web stream. The SDK's input has a chain of four, and web streams are the
 * largest cost of a listening call on the JS thread.
 */

// The SDK's default kinds: people, phones and connectors, but not agents or recorders.
const CALLER_KINDS = [ParticipantKind.STANDARD, ParticipantKind.SIP, ParticipantKind.CONNECTOR];

type RoomInput = Partial<voice.RoomInputOptions>;

interface Microphone {
  readonly trackSid: string | undefined;
  readonly frames: ReadableStreamDefaultReader<AudioFrame>;
}

/** True when the options of the agent allow OpenRTC's own audio input: audio is on, and no format is set. */
export function usesOwnAudioInput(options: RoomInput): boolean {
  return (
    options.audioEnabled !== false &&
    options.audioSampleRate === undefined &&
    options.audioNumChannels === undefined
  );
}

/**
 * Audio input from the microphone of one participant. The participant is chosen as in the SDK: the one named in the
 * options, otherwise the first caller in the room; it does not change afterwards.
 */
export class RoomAudioInput extends voice.AudioInput {
  readonly #room: Room;
  readonly #options: RoomInput;
  #linked: string | undefined;
  #attached = true;
  #current: Microphone | undefined;
  /** Settles when there is a microphone, or the input is closed. */
  #next = deferred();
  #closed = false;
  #controller!: ReadableStreamDefaultController<AudioFrame>;
  readonly #frames = new ReadableStream<AudioFrame>({
    start: (controller) => {
      this.#controller = controller;
    },
  });

  constructor(room: Room, options: RoomInput) {
    super();
    this.#room = room;
    this.#options = options;
    this.#linked = options.participantIdentity;
    room.on(RoomEvent.ParticipantConnected, this.#onParticipant);
    room.on(RoomEvent.TrackSubscribed, this.#onSubscribed);
    room.on(RoomEvent.TrackUnsubscribed, this.#onGone);
    for (const participant of room.remoteParticipants.values()) this.#onParticipant(participant);
    this.#forward().catch((error: unknown) => this.#controller.error(error));
  }

  override get stream(): ReadableStream<AudioFrame> {
    return this.#frames;
  }

  override setAttached(attached: boolean): void {
    this.#attached = attached;
  }

  override async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#room.off(RoomEvent.ParticipantConnected, this.#onParticipant);
    this.#room.off(RoomEvent.TrackSubscribed, this.#onSubscribed);
    this.#room.off(RoomEvent.TrackUnsubscribed, this.#onGone);
    await this.#stop();
    this.#next.resolve();
    await super.close();
  }

  readonly #onParticipant = (participant: RemoteParticipant): void => {
    const kinds = this.#options.participantKinds ?? CALLER_KINDS;
    if (
      this.#linked === undefined &&
      kinds.includes(participant.info.kind ?? ParticipantKind.STANDARD)
    ) {
      this.#linked = participant.identity;
    }
    if (participant.identity !== this.#linked) return;
    for (const publication of participant.trackPublications.values()) {
      if (publication.track !== undefined)
        this.#onSubscribed(publication.track, publication, participant);
    }
  };

  readonly #onSubscribed = (
    track: RemoteTrack,
    publication: RemoteTrackPublication,
    participant: RemoteParticipant,
  ): void => {
    if (this.#closed || participant.identity !== this.#linked) return;
    if (
      publication.source !== TrackSource.SOURCE_MICROPHONE ||
      this.#current?.trackSid === track.sid
    )
      return;
    void this.#stop();
    this.#current = { trackSid: track.sid, frames: this.#listenTo(track) };
    this.#next.resolve();
  };

  readonly #onGone = (
    track: RemoteTrack,
    _publication: RemoteTrackPublication,
    participant: RemoteParticipant,
  ): void => {
    if (participant.identity === this.#linked && track.sid === this.#current?.trackSid)
      void this.#stop();
  };

  async #stop(): Promise<void> {
    const current = this.#current;
    if (current === undefined) return;
    this.#forget(current);
    await current.frames.cancel();
  }

  #forget(microphone: Microphone): void {
    if (this.#current !== microphone) return;
    this.#current = undefined;
    this.#next = deferred();
  }

  /** Passes frames on to the session. Frames that arrive while the session does not listen are dropped. */
  async #forward(): Promise<void> {
    while (!this.#closed) {
      const current = this.#current;
      if (current === undefined) {
        await this.#next.promise;
        continue;
      }
      const { done, value } = await current.frames.read();
      if (done) this.#forget(current);
      else if (this.#attached && current === this.#current) this.#controller.enqueue(value);
    }
    this.#controller.close();
  }

  #listenTo(track: RemoteTrack): ReadableStreamDefaultReader<AudioFrame> {
    const { noiseCancellation } = this.#options;
    return new AudioStream(track, {
      sampleRate: SAMPLE_RATE,
      numChannels: 1,
      frameSizeMs: FRAME_MS,
      ...(noiseCancellation === undefined ? {} : { noiseCancellation }),
      // A microphone may be published again.
      autoCloseNoiseCancellation: false,
    }).getReader();
  }
}
