/** The middle of what several runs found, and its least and most. */
export function spread(values) {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) / 2;
  return {
    median: (sorted[Math.floor(at)] + sorted[Math.ceil(at)]) / 2,
    least: sorted[0],
    most: sorted.at(-1),
    runs: sorted.length,
  };
}

/** `median (least–most)`; only the value where all runs found it; or that it is of one run. */
export function inWords(found, digits = 0) {
  if (found === undefined) return '–';
  const text = (value) => number(value, digits);
  if (found.runs === 1) return `${text(found.median)} (one run)`;
  if (text(found.least) === text(found.most)) return text(found.median);
  return `${text(found.median)} (${text(found.least)}–${text(found.most)})`;
}

export function number(value, digits = 0) {
  return value.toFixed(digits);
}
