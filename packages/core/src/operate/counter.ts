/** What tells the series of one metric apart. Only names the operator chose, and words of OpenRTC's own. */
export type Labels = Readonly<Record<string, string>>;

/** One series of a counter or gauge. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** A sum for each set of labels. */
export class Counter<L extends Labels = Labels> {
  readonly #series = new Map<string, { readonly labels: L; value: number }>();

  /** Has a series before there is anything to count: Prometheus sees no increase in one that begins with 1. */
  zero(labels: L): void {
    this.add(labels, 0);
  }

  /** Adds to the series of `labels`, which are always written in the same order. */
  add(labels: L, by = 1): void {
    const key = JSON.stringify(labels);
    const known = this.#series.get(key);
    if (known === undefined) this.#series.set(key, { labels, value: by });
    else known.value += by;
  }

  get samples(): readonly Sample[] {
    return [...this.#series.values()].map(({ labels, value }) => ({ labels, value }));
  }

  /** Drops the series that `keep` does not want. */
  prune(keep: (labels: L) => boolean): void {
    for (const [key, { labels }] of this.#series) if (!keep(labels)) this.#series.delete(key);
  }
}
