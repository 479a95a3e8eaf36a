import type { Labels } from './counter.js';

/** One series of a histogram, as Prometheus counts: each bucket holds the ones before it. */
export interface HistogramSample {
  readonly labels: Labels;
  readonly buckets: readonly { readonly most: number; readonly count: number }[];
  readonly sum: number;
  readonly count: number;
}

interface Series<L> {
  readonly labels: L;
  readonly counts: number[];
  sum: number;
  count: number;
}

/** How values are spread, for each set of labels. */
export class Histogram<L extends Labels = Labels> {
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, Series<L>>();
  readonly #listeners = new Set<(labels: L, value: number) => void>();

  /** @param bounds - the upper ends of the buckets, rising; what is above all of them is counted as well */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
  }

  /** Has a series before there is anything to record: Prometheus sees no increase in one that begins with 1. */
  zero(labels: L): void {
    this.#seriesOf(labels);
  }

  record(labels: L, value: number): void {
    const series = this.#seriesOf(labels);
    const at = this.#bounds.findIndex((bound) => value <= bound);
    if (at >= 0) series.counts[at] = (series.counts[at] ?? 0) + 1;
    series.sum += value;
    series.count += 1;
    for (const listener of this.#listeners) listener(labels, value);
  }

  get samples(): readonly HistogramSample[] {
    return [...this.#series.values()].map(({ labels, counts, sum, count }) => {
      let below = 0;
      const buckets = this.#bounds.map((most, at) => {
        below += counts[at] ?? 0;
        return { most, count: below };
      });
      return { labels, buckets, sum, count };
    });
  }

  /** Tells of each value from now on, until the returned function is called. */
  listen(listener: (labels: L, value: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Drops the series that `keep` does not want. */
  prune(keep: (labels: L) => boolean): void {
    for (const [key, { labels }] of this.#series) if (!keep(labels)) this.#series.delete(key);
  }

  #seriesOf(labels: L): Series<L> {
    const key = JSON.stringify(labels);
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const series = { labels, counts: this.#bounds.map(() => 0), sum: 0, count: 0 };
    this.#series.set(key, series);
    return series;
  }
}
