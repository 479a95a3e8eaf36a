import { setTimeout as sleep } from 'node:timers/promises';
import {
  AudioFrame,
  AudioSource,
  LocalAudioTrack,
  TrackPublishOptions,
  TrackSource,
  type LocalTrackPublication,
  type Room,
} from '@livekit/rtc-node';
import { nowMs, SAMPLE_RATE, SAMPLES_PER_MS } from '../../audio/format.js';
import type { Spoken } from '../protocol.js';

/** Audio queued ahead of real time, so that a busy process leaves no gaps. */
const QUEUE_MS = 1_000;
const AHEAD_MS = 500;
const CHUNK_MS = 100;

/** The microphone of a caller: one mono track that plays sounds in real time. */
export class Microphone {
  readonly #room: Room;
  readonly #source = new AudioSource(SAMPLE_RATE, 1, QUEUE_MS);
  readonly #closing = new AbortController();
  #track: LocalAudioTrack | undefined;
  #publication: Promise<LocalTrackPublication> | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #tail: { stop: AbortController; done: Promise<void> } | undefined;

  constructor(room: Room) {
    this.#room = room;
  }

  /** Publishes the track, once. */
  publish(): Promise<LocalTrackPublication> {
    return (this.#publication ??= this.#publish());
  }

  /** Id of the published track; undefined before it is published. */
  get trackId(): string | undefined {
    return this.#track?.sid;
  }

  /** Plays samples after those already queued; resolves when the last one is sent. Silence of `tailMs` follows. */
  play(samples: Int16Array, tailMs: number): Promise<Spoken> {
    const played = this.#turn.then(() => this.#playNow(samples, tailMs));
    this.#turn = played.catch(() => undefined);
    return played;
  }

  /** Stops immediately. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#tail?.stop.abort();
    await this.#turn;
    await this.#tail?.done;
    if (this.#track) await this.#track.close();
    else await this.#source.close();
  }

  async #publish(): Promise<LocalTrackPublication> {
    const participant = this.#room.localParticipant;
    if (!participant) throw new Error('The caller is not connected.');
    this.#track = LocalAudioTrack.createAudioTrack('microphone', this.#source);
    const options = new TrackPublishOptions({ source: TrackSource.SOURCE_MICROPHONE });
    return participant.publishTrack(this.#track, options);
  }

  async #playNow(samples: Int16Array, tailMs: number): Promise<Spoken> {
    await this.publish();
    await this.#endTail();
    const startedAtMs = nowMs();
    const endedAtMs = startedAtMs + samples.length / SAMPLES_PER_MS;
    await this.#pace(samples, startedAtMs, this.#closing.signal);
    // The silence is queued before the speech ends, so that there is no underrun between them.
    this.#startTail(tailMs, endedAtMs);
    await pause(endedAtMs - nowMs(), this.#closing.signal);
    const completed = !this.#closing.signal.aborted;
    return { startedAtMs, endedAtMs: completed ? endedAtMs : nowMs(), completed };
  }

  /** Without silence after the words, voice activity detection on the other side never finds their end. */
  #startTail(tailMs: number, fromMs: number): void {
    const stop = new AbortController();
    if (this.#closing.signal.aborted) return;
    const silence = new Int16Array(tailMs * SAMPLES_PER_MS);
    this.#tail = { stop, done: this.#pace(silence, fromMs, stop.signal) };
  }

  async #endTail(): Promise<void> {
    if (!this.#tail) return;
    this.#tail.stop.abort();
    await this.#tail.done;
    this.#tail = undefined;
    this.#source.clearQueue();
  }

  async #pace(samples: Int16Array, startedAtMs: number, signal: AbortSignal): Promise<void> {
    const chunk = CHUNK_MS * SAMPLES_PER_MS;
    for (let at = 0; at < samples.length && !signal.aborted; at += chunk) {
      const part = samples.slice(at, at + chunk);
      await this.#source.captureFrame(new AudioFrame(part, SAMPLE_RATE, 1, part.length));
      const sentUntilMs = startedAtMs + (at + part.length) / SAMPLES_PER_MS;
      await pause(sentUntilMs - nowMs() - AHEAD_MS, signal);
    }
  }
}

/** Sleeps until the time is over or the signal aborts. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return;
  await sleep(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
