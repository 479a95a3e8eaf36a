import type { ServerMessage, WorkerMessage } from '@livekit/protocol';

import type { TapObserver, TappedLine } from './signalling-tap.js';

/** One offer of a job to one worker. */
interface Offer {
  readonly askedAtMs: number;
  readonly answers: { readonly available: boolean; readonly ms: number }[];
}

/** How long each worker takes to answer each offer, as seen from outside: from the request to the answer. */
export class AnswerTimes implements TapObserver {
  readonly #offers = new Map<TappedLine, Map<string, Offer>>();
  /** Jobs offered twice to one worker, and answers nobody asked for. */
  readonly oddities: string[] = [];

  fromServer({ message }: ServerMessage, line: TappedLine, atMs: number): void {
    if (message.case !== 'availability') return;
    const jobId = message.value.job?.id ?? '';
    const offers = this.#of(line);
    if (offers.has(jobId)) this.oddities.push(`${jobId} was offered twice`);
    offers.set(jobId, { askedAtMs: atMs, answers: [] });
  }

  fromWorker({ message }: WorkerMessage, line: TappedLine, atMs: number): void {
    if (message.case !== 'availability') return;
    const { jobId, available } = message.value;
    const offer = this.#of(line).get(jobId);
    if (offer === undefined) this.oddities.push(`${jobId} was answered and not offered`);
    else offer.answers.push({ available, ms: atMs - offer.askedAtMs });
  }

  /** Each offer there was. */
  get offers(): readonly Offer[] {
    return [...this.#offers.values()].flatMap((offers) => [...offers.values()]);
  }

  /** How many offers each worker took. */
  get taken(): number[] {
    return [...this.#offers.values()].map(
      (offers) =>
        [...offers.values()].filter(({ answers }) => answers[0]?.available === true).length,
    );
  }

  /** E.g. `180 no: p50 1.2, p99 3.4, max 5.6 ms`. */
  figures(available: boolean): string {
    const times = this.offers
      .flatMap(({ answers }) => answers.filter((answer) => answer.available === available))
      .map(({ ms }) => ms)
      .toSorted((a, b) => a - b);
    const at = (share: number) => times[Math.ceil(share * times.length) - 1]?.toFixed(1);
    return `${times.length} ${available ? 'yes' : 'no'}: p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)} ms`;
  }

  #of(line: TappedLine): Map<string, Offer> {
    const offers = this.#offers.get(line) ?? new Map<string, Offer>();
    this.#offers.set(line, offers);
    return offers;
  }
}
