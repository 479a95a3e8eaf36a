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
import { ReadableStream } from 'node:stream/web';

/*
 * The SDK's own input takes 24 kHz in 10 ms frames and resamples twice, for the VAD and for the turn
 * detector, which both want 16 kHz. Taking 16 kHz in 32 ms frames (one VAD window) from the native
 * library cut the JS thread's work by 40 % (four calls, measured).
 */
const SAMPLE_RATE = 16_000;
const FRAME_MS = 32;

// The SDK's default kinds: people, phones, and connectors; no agents, no recorders.
const CALLER_KINDS = [ParticipantKind.STANDARD, ParticipantKind.SIP, ParticipantKind.CONNECTOR];

type RoomInput = Partial<voice.RoomInputOptions>;

/** True when the agent's options leave the audio input to us. */
export function usesOwnAudioInput(options: RoomInput): boolean {
  return (
    options.audioEnabled !== false &&
    options.audioSampleRate === undefined &&
    options.audioNumChannels === undefined
  );
}

/**
 * The microphone of the linked participant, which is chosen by the SDK's own rule: the named one, else
 * the first caller in the room, and from then on only that one.
 */
export class RoomAudioInput extends voice.AudioInput {
  readonly #room: Room;
  readonly #options: RoomInput;
  #linked: string | undefined;
  #attached = true;
  #current: { readonly trackSid: string | undefined; readonly streamId: string } | undefined;
  #closed = false;

  constructor(room: Room, options: RoomInput) {
    super();
    this.#room = room;
    this.#options = options;
    this.#linked = options.participantIdentity;
    room.on(RoomEvent.ParticipantConnected, this.#onParticipant);
    room.on(RoomEvent.TrackSubscribed, this.#onSubscribed);
    room.on(RoomEvent.TrackUnsubscribed, this.#onGone);
    for (const participant of room.remoteParticipants.values()) this.#onParticipant(participant);
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
    const previous = this.#current;
    this.#current = {
      trackSid: track.sid,
      streamId: this.multiStream.addInputStream(this.#gated(track)),
    };
    if (previous !== undefined) void this.multiStream.removeInputStream(previous.streamId);
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
    this.#current = undefined;
    if (current !== undefined) await this.multiStream.removeInputStream(current.streamId);
  }

  // Frames that arrive while the session does not listen are dropped, not kept for later.
  #gated(track: RemoteTrack): ReadableStream<AudioFrame> {
    const { noiseCancellation } = this.#options;
    const frames = new AudioStream(track, {
      sampleRate: SAMPLE_RATE,
      numChannels: 1,
      frameSizeMs: FRAME_MS,
      ...(noiseCancellation === undefined ? {} : { noiseCancellation }),
    }).getReader();
    return new ReadableStream<AudioFrame>({
      pull: async (controller) => {
        for (;;) {
          const { done, value } = await frames.read();
          if (done) return controller.close();
          if (this.#attached) return controller.enqueue(value);
        }
      },
      cancel: (reason) => frames.cancel(reason),
    });
  }
}
