import type { RuntimeSnapshot } from './runtime-snapshot.js';
import type { MetricsStreamEvent } from './metrics-stream.js';

/** The version of a line: another number means another meaning of its fields. */
export const METRICS_SCHEMA_VERSION = 1;

interface EnvelopeFields {
  readonly schemaVersion: typeof METRICS_SCHEMA_VERSION;
  /** Which run of which worker wrote it: several may write to one file. */
  readonly worker: string;
  /** From 1 in each run; a gap is what was lost on the way to the file. */
  readonly seq: number;
  /** Unix time in milliseconds. */
  readonly timestamp: number;
}

/** One line of a metrics file. */
export type MetricsLine = EnvelopeFields &
  (
    | { readonly kind: 'snapshot'; readonly payload: RuntimeSnapshot }
    | { readonly kind: 'event'; readonly payload: MetricsStreamEvent }
  );

/** What goes into a line besides its envelope. */
export type MetricsEntry = MetricsLine extends infer Line
  ? Line extends MetricsLine
    ? Pick<Line, 'kind' | 'payload'>
    : never
  : never;

/** Puts entries into envelopes, numbered from 1. */
export class MetricsEnvelopes {
  readonly #worker: string;
  #seq = 0;

  /** @param worker - names the run */
  constructor(worker: string) {
    this.#worker = worker;
  }

  /** The entry as a line, with its end. */
  line(entry: MetricsEntry): string {
    this.#seq += 1;
    const fields: EnvelopeFields = {
      schemaVersion: METRICS_SCHEMA_VERSION,
      worker: this.#worker,
      seq: this.#seq,
      timestamp: Date.now(),
    };
    return `${JSON.stringify({ ...fields, ...entry })}\n`;
  }
}

/** A line that was read, or undefined for one that is none of ours: blank, cut off, of another version. */
export function parseMetricsLine(line: string): MetricsLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // A line that is being written, or was cut off when its worker died.
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  const { schemaVersion, worker, seq, timestamp, kind, payload } = value;
  const fits =
    schemaVersion === METRICS_SCHEMA_VERSION &&
    typeof worker === 'string' &&
    Number.isSafeInteger(seq) &&
    typeof timestamp === 'number' &&
    (kind === 'snapshot' || kind === 'event') &&
    isRecord(payload);
  return fits ? (value as unknown as MetricsLine) : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
