import {
  DisconnectReason,
  ParticipantKind,
  Room,
  RoomEvent,
  TrackKind,
  TrackSource,
  type LocalTrackPublication,
  type RemoteParticipant,
  type RemoteTrack,
} from '@livekit/rtc-node';
import { nowMs } from '../../audio/format.js';
import { tone } from '../../audio/tone.js';
import { readWav } from '../../audio/wav.js';
import type {
  CallerCommands,
  CallerEvent,
  JoinRequest,
  OutgoingText,
  RpcRequest,
  Sound,
  Spoken,
} from '../protocol.js';
import { Ear } from './ear.js';
import { Microphone } from './microphone.js';
import { CHAT_TOPIC, readText, Transcripts } from './transcripts.js';

const AGENT_STATE = 'lk.agent.state';

type Tell = (event: CallerEvent) => void;

/** One call of one caller, from joining the room to hanging up. */
export class Call {
  readonly #room = new Room();
  readonly ear = new Ear(this.#room);
  readonly #microphone = new Microphone(this.#room);
  readonly #tell: Tell;

  constructor(tell: Tell) {
    this.#tell = tell;
    this.#listenToRoom();
    // Stream handlers must be registered before the agent can send anything.
    new Transcripts(
      this.#room,
      () => this.#microphone.trackId,
      (transcript) => tell({ type: 'transcript', transcript, atMs: nowMs() }),
    );
    this.#room.registerTextStreamHandler(CHAT_TOPIC, (reader, { identity }) => {
      void readText(reader).then(({ text }) =>
        tell({ type: 'chat', text, identity, atMs: nowMs() }),
      );
    });
  }

  /** Joins the room of the token. */
  async join({ url, token, microphone }: JoinRequest): Promise<CallerCommands['join']['result']> {
    await this.#room.connect(url, token, { autoSubscribe: true, dynacast: false });
    this.#tell({ type: 'connected', atMs: nowMs() });
    for (const participant of this.#room.remoteParticipants.values()) this.#greet(participant);
    this.#room.localParticipant?.registerRpcMethod('echo', async ({ payload }) => payload);
    if (microphone) await this.#microphone.publish();
    return { identity: this.#room.localParticipant?.identity ?? '', room: this.#room.name ?? '' };
  }

  /** Plays a sound. Waits for a listener first, because earlier words would be lost. */
  async play({
    sound,
    tailMs,
    awaitListener,
    timeoutMs,
  }: CallerCommands['play']['request']): Promise<Spoken> {
    const samples = await samplesOf(sound);
    const publication = await this.#microphone.publish();
    if (awaitListener) await subscribed(publication, timeoutMs);
    return this.#microphone.play(samples, tailMs);
  }

  /** Sends a text to all participants. */
  async sendText({
    text,
    topic,
    attributes,
    senderIdentity,
    pieces = 1,
  }: OutgoingText): Promise<null> {
    const participant = this.#room.localParticipant;
    if (!participant) throw new Error('The caller is not connected.');
    const writer = await participant.streamText({
      topic,
      ...(attributes && { attributes }),
      ...(senderIdentity && { senderIdentity }),
    });
    const length = Math.max(1, Math.ceil(text.length / pieces));
    for (let at = 0; at < text.length; at += length)
      await writer.write(text.slice(at, at + length));
    await writer.close();
    return null;
  }

  /** Calls an RPC method of the agent, and returns its answer. */
  async rpc({ agent, method, payload }: RpcRequest): Promise<string> {
    const participant = this.#room.localParticipant;
    if (!participant) throw new Error('The caller is not connected.');
    return participant.performRpc({ destinationIdentity: agent, method, payload });
  }

  /** Leaves the room. */
  async hangUp(): Promise<null> {
    this.ear.stop();
    await this.#microphone.close();
    await this.#room.disconnect();
    return null;
  }

  #listenToRoom(): void {
    let ended = false;
    const voices = new Set<RemoteTrack>();
    this.#room
      .on(RoomEvent.ParticipantConnected, (participant) => this.#greet(participant))
      .on(RoomEvent.ParticipantDisconnected, ({ kind, identity }) => {
        if (kind === ParticipantKind.AGENT)
          this.#tell({ type: 'agentLeft', identity, atMs: nowMs() });
      })
      .on(RoomEvent.ParticipantAttributesChanged, (changed, { kind, identity }) => {
        const state = changed[AGENT_STATE];
        if (kind === ParticipantKind.AGENT && state)
          this.#tell({ type: 'agentState', identity, state, atMs: nowMs() });
      })
      .on(RoomEvent.TrackSubscribed, (track, publication, { kind, identity }) => {
        // An agent's background audio has another source and is not its voice.
        const voice =
          track.kind === TrackKind.KIND_AUDIO &&
          publication.source === TrackSource.SOURCE_MICROPHONE;
        if (kind !== ParticipantKind.AGENT || !voice) return;
        voices.add(track);
        this.ear.listen(track);
        this.#tell({ type: 'agentAudible', identity, trackId: track.sid ?? '', atMs: nowMs() });
      })
      .on(RoomEvent.TrackUnsubscribed, (track) => {
        if (!voices.delete(track)) return;
        const newest = [...voices].at(-1);
        if (newest) this.ear.listen(newest);
        else this.ear.rest();
      })
      .on(RoomEvent.Reconnecting, () => this.#tell({ type: 'reconnecting', atMs: nowMs() }))
      .on(RoomEvent.Reconnected, () => this.#tell({ type: 'reconnected', atMs: nowMs() }))
      .on(RoomEvent.Disconnected, (reason) => {
        if (ended) return;
        ended = true;
        this.#tell({
          type: 'disconnected',
          reason: DisconnectReason[reason] ?? `${reason}`,
          atMs: nowMs(),
        });
      });
  }

  readonly #greeted = new Set<string>();

  /** A participant who is there at the join may be reported by an event as well. */
  #greet({ kind, identity, sid }: RemoteParticipant): void {
    const key = sid ?? identity;
    if (kind !== ParticipantKind.AGENT || this.#greeted.has(key)) return;
    this.#greeted.add(key);
    this.#tell({ type: 'agentJoined', identity, atMs: nowMs() });
  }
}

function samplesOf(sound: Sound): Promise<Int16Array> {
  switch (sound.kind) {
    case 'wav':
      return readWav(sound.path);
    case 'tone':
      return Promise.resolve(tone(sound.hz, sound.durationMs, sound.level));
  }
}

async function subscribed(publication: LocalTrackPublication, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new Error(`No participant listened to the caller's microphone within ${timeoutMs} ms.`),
        ),
      timeoutMs,
    );
  });
  await Promise.race([publication.waitForSubscription(), late]).finally(() => clearTimeout(timer));
}
