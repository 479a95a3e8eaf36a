import { METRICS_SCHEMA_VERSION, type MetricsLine, parseMetricsLine } from '@openrtc/core/operate';

import { type Fields, fieldsOf, numberOf, parsed, textOf } from '../fields.js';

/** One run of a worker, read from its lines. */
export interface SeenWorker {
  /** Its name in the file. Each run has its own. */
  readonly worker: string;
  readonly seq: number;
  /** The number of its lines, between the first and the last, that are not in the file. */
  readonly missing: number;
  /** The time of its last line, Unix time in milliseconds on its machine's clock. */
  readonly lastAt: number;
  readonly snapshot: SeenSnapshot | undefined;
}

/** The fields of a snapshot that are shown. Null: missing in the line. */
export interface SeenSnapshot {
  readonly state: string | null;
  readonly isolation: string | null;
  readonly active: number | null;
  readonly max: number | null;
  readonly started: number | null;
  readonly failed: number | null;
  readonly uptimeMs: number | null;
  readonly residentBytes: number | null;
  readonly lagMs: number | null;
  readonly lastRoutedAgent: string | null;
  readonly lastError: string | null;
  readonly byAgent: ReadonlyMap<string, number>;
}

/** An event, read from a line. */
export interface SeenEvent {
  readonly at: number;
  readonly event: string;
  readonly worker: string;
  readonly agent: string;
  readonly tenant: string;
  readonly jobId: string;
  /** How the call ended, or how much was lost. */
  readonly detail: string;
}

const MAX_WORKERS = 64;
const MAX_EVENTS = 200;
const MAX_AGENTS = 200;

/** The content of a metrics file so far. The file may be damaged or not be a metrics file: any line is accepted. */
export class MetricsState {
  /** The number of lines read, without blank ones. */
  lines = 0;
  /** Lines that are not JSON. */
  notJson = 0;
  /** Lines of JSON that are not metrics. */
  foreign = 0;
  /** Lines of a newer version than this one reads. */
  newer = 0;
  /** The newest version found. */
  newestVersion: number = METRICS_SCHEMA_VERSION;
  readonly #workers = new Map<string, SeenWorker>();
  #events: SeenEvent[] = [];

  /** The workers; the one that wrote last comes last. At most 64. */
  get workers(): readonly SeenWorker[] {
    return [...this.#workers.values()];
  }

  /** The last 200 events, the newest at the end. */
  get events(): readonly SeenEvent[] {
    return this.#events;
  }

  /**
   * Reads a line.
   * @returns its event, if it has one
   */
  add(text: string): SeenEvent | undefined {
    if (text.trim() === '') return undefined;
    this.lines += 1;
    const value = parsed(text);
    if (value === undefined) {
      this.notJson += 1;
      return undefined;
    }
    const version = numberOf(fieldsOf(value)['schemaVersion']);
    const line = parseMetricsLine(text);
    if (line !== undefined) return this.#apply(line);
    if (version !== null && version > METRICS_SCHEMA_VERSION) {
      this.newer += 1;
      this.newestVersion = Math.max(this.newestVersion, version);
    } else this.foreign += 1;
    return undefined;
  }

  #apply({ worker, seq, timestamp, kind, payload }: MetricsLine): SeenEvent | undefined {
    const before = this.#workers.get(worker);
    const gap = before === undefined ? 0 : Math.max(0, seq - before.seq - 1);
    // Moves it to the end of the order.
    this.#workers.delete(worker);
    this.#workers.set(worker, {
      worker,
      seq: Math.max(seq, before?.seq ?? seq),
      missing: (before?.missing ?? 0) + gap,
      lastAt: timestamp,
      snapshot: kind === 'snapshot' ? snapshotOf(fieldsOf(payload)) : before?.snapshot,
    });
    const [oldest] = this.#workers.keys();
    if (this.#workers.size > MAX_WORKERS && oldest !== undefined) this.#workers.delete(oldest);
    if (kind === 'snapshot') return undefined;
    const event = eventOf(fieldsOf(payload), worker, timestamp);
    this.#events = [...this.#events.slice(1 - MAX_EVENTS), event];
    return event;
  }
}

function snapshotOf(payload: Fields): SeenSnapshot {
  const agents = Object.entries(fieldsOf(payload['sessionsByAgent'])).slice(0, MAX_AGENTS);
  return {
    state: textOf(payload['state']),
    isolation: textOf(payload['isolation']),
    active: numberOf(payload['activeSessions']),
    max: numberOf(payload['maxConcurrentSessions']),
    started: numberOf(payload['totalSessionsStarted']),
    failed: numberOf(payload['totalSessionFailures']),
    uptimeMs: numberOf(payload['uptimeMs']),
    residentBytes: numberOf(fieldsOf(payload['residentSet'])['bytes']),
    lagMs: numberOf(payload['eventLoopLagMs']),
    lastRoutedAgent: textOf(payload['lastRoutedAgent']),
    lastError: textOf(payload['lastError']),
    byAgent: new Map(agents.map(([agent, calls]) => [agent, numberOf(calls) ?? 0])),
  };
}

function eventOf(payload: Fields, worker: string, lineAt: number): SeenEvent {
  const dropped = numberOf(payload['overflowDropped']);
  const durationMs = numberOf(payload['durationMs']);
  const detail = [
    textOf(payload['reason']),
    textOf(payload['outcome']),
    durationMs === null ? null : durationText(textOf(payload['event']), durationMs),
    turnsText(fieldsOf(payload['turns'])),
    textOf(payload['error']),
    dropped === null ? null : `${dropped} lost`,
  ];
  return {
    at: numberOf(payload['timestamp']) ?? lineAt,
    event: textOf(payload['event']) ?? '?',
    worker,
    agent: textOf(payload['agent']) ?? '',
    tenant: textOf(payload['tenant']) ?? '',
    jobId: textOf(payload['jobId']) ?? '',
    detail: detail.filter((each) => each !== null).join(', '),
  };
}

/** `after 61s` of a call, `in 35 ms` of a reload. */
function durationText(event: string | null, ms: number): string {
  return event === 'reload' ? `in ${Math.round(ms)} ms` : `after ${Math.round(ms / 1_000)}s`;
}

/** `3 of 5 turns answered`; null when there was none. */
function turnsText(turns: Fields): string | null {
  const asked = numberOf(turns['asked']);
  const heard = (numberOf(turns['answered']) ?? 0) + (numberOf(turns['interrupted']) ?? 0);
  return asked === null || asked === 0 ? null : `${heard} of ${asked} turns answered`;
}
