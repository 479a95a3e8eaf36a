import { setTimeout as sleep } from 'node:timers/promises';
import type { Room } from '@livekit/rtc-node';

/** Each reading costs 3 ms; two gaps closer to each other than this count as one. */
const POLL_MS = 50;
/** The statistics count Opus samples at 48 kHz, whatever sample rate is requested. */
const STATS_SAMPLES_PER_MS = 48;

interface StreamCount {
  concealed: number;
  /** Grows with the loudness of what was played. */
  energy: number;
  firstConcealed: number;
  firstEnergy: number;
  run: number;
  longestRun: number;
}

/** Made-up audio, in milliseconds. */
export interface Concealment {
  concealedMs: number;
  longestConcealedMs: number;
}

/**
 * Counts samples that the receiver made up for missing packets. The audio does not show them: the receiver continues
 * with what it heard last, so a constant tone bridges hundreds of milliseconds without a packet.
 */
export class ConcealmentWatch {
  readonly #streams = new Map<number, StreamCount>();
  #running = true;

  constructor(room: Room) {
    void this.#poll(room).catch((error: unknown) => {
      // Without a connection there are no statistics; missing samples show the gap then.
      process.stderr.write(`caller: no statistics: ${String(error)}\n`);
    });
  }

  /** Ends the watch. Of several audio streams, the loudest one counts: others may be silent. */
  stop(): Concealment {
    this.#running = false;
    const heardMost = [...this.#streams.values()].toSorted(
      (a, b) => b.energy - b.firstEnergy - (a.energy - a.firstEnergy),
    )[0];
    if (!heardMost) return { concealedMs: 0, longestConcealedMs: 0 };
    const { concealed, firstConcealed, longestRun } = heardMost;
    return {
      concealedMs: Math.round((concealed - firstConcealed) / STATS_SAMPLES_PER_MS),
      longestConcealedMs: Math.round(longestRun / STATS_SAMPLES_PER_MS),
    };
  }

  async #poll(room: Room): Promise<void> {
    while (this.#running) {
      const { publisherStats, subscriberStats } = await room.getRtcStats();
      // With one peer connection for both directions, incoming streams are in the publisher's statistics.
      for (const { stats } of [...publisherStats, ...subscriberStats]) {
        if (stats?.case !== 'inboundRtp' || stats.value.stream?.kind !== 'audio') continue;
        const { inbound } = stats.value;
        const concealed = Number(inbound?.concealedSamples ?? 0);
        this.#take(stats.value.stream.ssrc ?? 0, concealed, inbound?.totalAudioEnergy ?? 0);
      }
      await sleep(POLL_MS);
    }
  }

  #take(ssrc: number, concealed: number, energy: number): void {
    const stream = this.#streams.get(ssrc);
    if (!stream) {
      const first = { firstConcealed: concealed, firstEnergy: energy, run: 0, longestRun: 0 };
      this.#streams.set(ssrc, { concealed, energy, ...first });
      return;
    }
    const more = concealed - stream.concealed;
    stream.run = more > 0 ? stream.run + more : 0;
    stream.longestRun = Math.max(stream.longestRun, stream.run);
    stream.concealed = concealed;
    stream.energy = energy;
  }
}
