/** The value that a share of all values does not exceed (0.5: the median); null without values. */
export function percentile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? null;
}

export function median(values) {
  return percentile(values, 0.5);
}

export function rounded(value, digits = 1) {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}

/** The median of several runs with the lowest and highest value; undefined without runs. */
export function spread(values) {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) / 2;
  return {
    // With an even number of runs, unlike `median()`, the mean of the two in the middle.
    median: (sorted[Math.floor(at)] + sorted[Math.ceil(at)]) / 2,
    least: sorted[0],
    most: sorted.at(-1),
    runs: sorted.length,
  };
}
