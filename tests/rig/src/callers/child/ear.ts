import { setTimeout as sleep } from 'node:timers/promises';
import { AudioStream, type RemoteTrack, type Room } from '@livekit/rtc-node';
import { AudioMeter } from '../../audio/audio-meter.js';
import type { AudioReport, GapReport } from '../../audio/audio-report.js';
import { nowMs, SAMPLE_RATE } from '../../audio/format.js';
import type { HeardAudio } from '../protocol.js';
import { ConcealmentWatch } from './concealment-watch.js';

/** Half as many events as with the default frames of 10 ms, which matters with many callers in a process. */
const FRAME_MS = 20;
/** How long frames on their way have to arrive at the end of a gap watch. */
const SETTLE_MS = 250;
const SILENCE_POLL_MS = 20;

interface Waiter {
  fromHeardMs: number;
  minMs: number;
  startedAtMs: number | undefined;
  resolve(heard: HeardAudio): void;
}

/** Measures what a caller hears: the newest microphone track of an agent. */
export class Ear {
  readonly #room: Room;
  readonly #meter = new AudioMeter();
  readonly #waiters = new Set<Waiter>();
  #firstHeardAtMs: number | undefined;
  #lastHeardAtMs = 0;
  #concealment: ConcealmentWatch | undefined;
  #reader: ReadableStreamDefaultReader<{ data: Int16Array }> | undefined;

  constructor(room: Room) {
    this.#room = room;
  }

  /** Measures only this track from now on. */
  listen(track: RemoteTrack): void {
    this.rest();
    this.#meter.startTrack();
    const stream = new AudioStream(track, {
      sampleRate: SAMPLE_RATE,
      numChannels: 1,
      frameSizeMs: FRAME_MS,
    });
    const reader = stream.getReader();
    this.#reader = reader;
    void this.#read(reader).catch((error: unknown) => {
      // A broken stream ends the measurement of this track; the counts show the missing frames.
      process.stderr.write(`caller: audio stream ended: ${String(error)}\n`);
    });
  }

  /** Stops listening for good. */
  stop(): void {
    this.#concealment?.stop();
    this.rest();
  }

  /** Stops listening until there is a track again. */
  rest(): void {
    const reader = this.#reader;
    this.#reader = undefined;
    void reader
      ?.cancel()
      .catch((error: unknown) => process.stderr.write(`caller: ${String(error)}\n`));
  }

  /** Everything heard so far. */
  report(): AudioReport {
    return this.#meter.report();
  }

  /** Starts to watch for gaps in the agent's audio. */
  startGapWatch(): void {
    this.#concealment?.stop();
    this.#concealment = new ConcealmentWatch(this.#room);
    this.#meter.startGapWatch();
  }

  /** Ends the watch and returns the gaps since its start. */
  async stopGapWatch(): Promise<GapReport> {
    const concealment = this.#concealment?.stop() ?? { concealedMs: 0, longestConcealedMs: 0 };
    this.#concealment = undefined;
    const gaps = await this.#meter.stopGapWatch(() => sleep(SETTLE_MS));
    const longestGapMs = Math.max(gaps.longestGapMs, concealment.longestConcealedMs);
    return { ...gaps, ...concealment, longestGapMs };
  }

  /** Resolves once `minMs` of sound were heard, since now or since the join. */
  waitForAudio({
    minMs,
    fromJoin,
    timeoutMs,
  }: {
    minMs: number;
    fromJoin: boolean;
    timeoutMs: number;
  }): Promise<HeardAudio> {
    return new Promise((resolve, reject) => {
      const fromHeardMs = fromJoin ? 0 : this.#meter.heardMs;
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        fromHeardMs,
        minMs,
        startedAtMs: fromJoin ? this.#firstHeardAtMs : undefined,
        resolve: (heard) => {
          settle();
          resolve(heard);
        },
      };
      const timer = setTimeout(() => {
        settle();
        const heard = this.#meter.heardMs - fromHeardMs;
        reject(
          new Error(
            `Waited ${timeoutMs} ms for ${minMs} ms of the agent's audio; heard ${heard} ms.`,
          ),
        );
      }, timeoutMs);
      this.#waiters.add(waiter);
      this.#offer();
    });
  }

  /** Resolves once nothing was heard for `minMs`. By the wall clock, because an agent that has left is silent, too. */
  async waitForSilence({ minMs, timeoutMs }: { minMs: number; timeoutMs: number }): Promise<null> {
    const deadline = nowMs() + timeoutMs;
    while (nowMs() - this.#lastHeardAtMs < minMs) {
      if (nowMs() > deadline)
        throw new Error(`Waited ${timeoutMs} ms for the agent to be silent for ${minMs} ms.`);
      await sleep(SILENCE_POLL_MS);
    }
    return null;
  }

  async #read(reader: ReadableStreamDefaultReader<{ data: Int16Array }>): Promise<void> {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || reader !== this.#reader) return;
      const arrivedAtMs = nowMs();
      const before = this.#meter.heardMs;
      this.#meter.push(value.data, arrivedAtMs);
      if (this.#meter.heardMs === before) continue;
      this.#firstHeardAtMs ??= arrivedAtMs;
      this.#lastHeardAtMs = arrivedAtMs;
      for (const waiter of this.#waiters) waiter.startedAtMs ??= arrivedAtMs;
      this.#offer();
    }
  }

  #offer(): void {
    for (const waiter of this.#waiters) {
      const heardMs = this.#meter.heardMs - waiter.fromHeardMs;
      if (heardMs >= waiter.minMs && waiter.startedAtMs !== undefined)
        waiter.resolve({ startedAtMs: waiter.startedAtMs, heardMs });
    }
  }
}
