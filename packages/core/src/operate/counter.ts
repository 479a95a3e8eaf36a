/** The labels of one series. Values are names the operator chose or fixed words of OpenRTC. */
export type Labels = Readonly<Record<string, string>>;

/** One series of a counter or gauge. */
export interface Sample {
  /** The labels of the series. */
  readonly labels: Labels;
  /** The current value, in the unit of the metric. */
  readonly value: number;
}

/** A running sum for each set of labels. */
export class Counter<L extends Labels = Labels> {
  readonly #series = new Map<string, { readonly labels: L; value: number }>();

  /** Creates the series with value 0, because Prometheus sees no increase in a series that starts at 1. */
  zero(labels: L): void {
    this.add(labels, 0);
  }

  /** Adds `by` to the series of `labels`. Callers must always list the labels in the same order. */
  add(labels: L, by = 1): void {
    const key = JSON.stringify(labels);
    const known = this.#series.get(key);
    if (known === undefined) this.#series.set(key, { labels, value: by });
    else known.value += by;
  }

  /** All series with their current values. */
  get samples(): readonly Sample[] {
    return [...this.#series.values()].map(({ labels, value }) => ({ labels, value }));
  }

  /** Removes every series for which `keep` returns false. */
  prune(keep: (labels: L) => boolean): void {
    for (const [key, { labels }] of this.#series) if (!keep(labels)) this.#series.delete(key);
  }
}
