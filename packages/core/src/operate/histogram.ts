import type { Labels } from './counter.js';

/** One series of a histogram, counted as Prometheus does: each bucket includes all smaller ones. */
export interface HistogramSample {
  /** The labels of the series. */
  readonly labels: Labels;
  /** The buckets by rising upper bound. */
  readonly buckets: readonly { readonly max: number; readonly count: number }[];
  /** The sum of all values. */
  readonly sum: number;
  /** The number of all values, including those above the last bucket. */
  readonly count: number;
}

interface Series<L> {
  readonly labels: L;
  readonly counts: number[];
  sum: number;
  count: number;
}

/** The distribution of values for each set of labels. */
export class Histogram<L extends Labels = Labels> {
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, Series<L>>();
  readonly #listeners = new Set<(labels: L, value: number) => void>();

  /** @param bounds - the upper bounds of the buckets, rising; larger values are counted too */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
  }

  /** Creates the series without values, because Prometheus sees no increase in a series that starts at 1. */
  zero(labels: L): void {
    this.#seriesOf(labels);
  }

  /** Adds one value. */
  record(labels: L, value: number): void {
    const series = this.#seriesOf(labels);
    const at = this.#bounds.findIndex((bound) => value <= bound);
    if (at >= 0) series.counts[at] = (series.counts[at] ?? 0) + 1;
    series.sum += value;
    series.count += 1;
    for (const listener of this.#listeners) listener(labels, value);
  }

  /** All series with their current counts. */
  get samples(): readonly HistogramSample[] {
    return [...this.#series.values()].map(({ labels, counts, sum, count }) => {
      let below = 0;
      const buckets = this.#bounds.map((max, at) => {
        below += counts[at] ?? 0;
        return { max, count: below };
      });
      return { labels, buckets, sum, count };
    });
  }

  /** Calls `listener` for each new value until the returned function is called. */
  listen(listener: (labels: L, value: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Removes every series for which `keep` returns false. */
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
