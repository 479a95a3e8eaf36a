import { isRecord } from '../base/kind-of.js';
import { payloadFits } from './payload-fits.js';
import type { RuntimeSnapshot } from './runtime-snapshot.js';
import type { MetricsStreamEvent } from './metrics-stream.js';

/** The version of a line. It changes when the meaning of a field changes. */
export const METRICS_SCHEMA_VERSION = 1;

/** The fields of every line of a metrics file. */
export interface EnvelopeFields {
  /** The version of the line. */
  readonly schemaVersion: typeof METRICS_SCHEMA_VERSION;
  /** Identifies the worker and its run, because several workers may write to one file. */
  readonly worker: string;
  /** Number of the line, from 1 in each run. A gap means that lines were dropped. */
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

/** The content of a line without its envelope. */
export type MetricsEntry = MetricsLine extends infer Line
  ? Line extends MetricsLine
    ? Pick<Line, 'kind' | 'payload'>
    : never
  : never;

/** Puts entries into envelopes, numbered from 1. */
export class MetricsEnvelopes {
  readonly #worker: string;
  #seq = 0;

  /** @param worker - identifies the worker and its run */
  constructor(worker: string) {
    this.#worker = worker;
  }

  /** The entry as one line of JSON, with a newline. */
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

/**
 * Parses a line of a metrics file. Undefined if it is blank, incomplete, of another version, or not from OpenRTC: a
 * field has another type, a number is negative, or the event is unknown.
 */
export function parseMetricsLine(line: string): MetricsLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // A line that is still being written, or is incomplete because its worker died.
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  const { schemaVersion, worker, seq, timestamp, kind, payload } = value;
  const fits =
    schemaVersion === METRICS_SCHEMA_VERSION &&
    typeof worker === 'string' &&
    worker !== '' &&
    Number.isSafeInteger(seq) &&
    Number(seq) >= 1 &&
    typeof timestamp === 'number' &&
    timestamp >= 0 &&
    payloadFits(kind, payload);
  return fits ? (value as unknown as MetricsLine) : undefined;
}
