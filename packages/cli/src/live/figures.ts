/** Bytes of a mebibyte. */
export const MIB = 1_048_576;
const GIB = 1_073_741_824;
/** Shown for a figure that is not known. */
export const UNKNOWN = '-';

/** A time in milliseconds as `7s`, `12m05s`, `3h04m`, `2d03h`. */
export function durationText(ms: number): string {
  const whole = Math.max(0, Math.floor(ms / 1_000));
  const [s, m, h] = [whole % 60, Math.floor(whole / 60) % 60, Math.floor(whole / 3_600) % 24];
  if (whole < 60) return `${s}s`;
  if (whole < 3_600) return `${m}m${two(s)}s`;
  if (whole < 86_400) return `${h}h${two(m)}m`;
  return `${Math.floor(whole / 86_400)}d${two(h)}h`;
}

/** A number of bytes as `182M`, `1.4G`: mebibytes and gibibytes. */
export function bytesText(bytes: number): string {
  return bytes < GIB ? `${Math.round(bytes / MIB)}M` : `${(bytes / GIB).toFixed(1)}G`;
}

/** A percentage as `34%`. */
export function percentText(percent: number): string {
  return `${Math.round(percent)}%`;
}

/** A number of milliseconds as `320ms`, `1.5s`. */
export function millisText(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)}ms` : `${(ms / 1_000).toFixed(1)}s`;
}

/** A Unix time in milliseconds as `14:03:59`, in local time. */
export function clockText(unixMs: number): string {
  const date = new Date(unixMs);
  if (Number.isNaN(date.getTime())) return UNKNOWN;
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
}

/** The text of a figure, or `-` where it is not known. */
export function orUnknown(
  figure: number | null | undefined,
  text: (figure: number) => string,
): string {
  return figure === null || figure === undefined ? UNKNOWN : text(figure);
}

/** `1 call`, `2 calls`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

/** `support 5`, `sales 2`: names with their counts, the largest first, then by name. */
export function rankedCounts(
  counts: Iterable<readonly [name: string, count: number]>,
  nameText: (name: string) => string,
): readonly string[] {
  return [...counts]
    .toSorted(([one, some], [other, more]) => more - some || (one < other ? -1 : 1))
    .map(([name, count]) => `${nameText(name)} ${count}`);
}

function two(figure: number): string {
  return String(figure).padStart(2, '0');
}
