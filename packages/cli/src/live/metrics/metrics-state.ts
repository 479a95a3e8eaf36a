import { METRICS_SCHEMA_VERSION, type MetricsLine, parseMetricsLine } from '@openrtc/core/operate';

import { type Fields, fieldsOf, numberOf, parsed, textOf } from '../fields.js';

/** One run of a worker, as its lines tell. */
export interface SeenWorker {
  /** Its name in the file. */
  readonly worker: string;
  readonly seq: number;
  /** Lines between its first and its last that are not in the file. */
  readonly missing: number;
  /** Of its last line, Unix time in milliseconds by the clock of its machine. */
  readonly lastAt: number;
  readonly snapshot: SeenSnapshot | undefined;
}

/** What is shown of a snapshot. Null: the line does not say. */
export interface SeenSnapshot {
  readonly state: string | null;
  readonly isolation: string | null;
  readonly active: number | null;
  readonly max: number | null;
  readonly started: number | null;
  readonly failed: number | null;
  readonly uptimeSeconds: number | null;
  readonly residentBytes: number | null;
  readonly lagMs: number | null;
  readonly lastRoutedAgent: string | null;
  readonly lastError: string | null;
  readonly byAgent: ReadonlyMap<string, number>;
}

/** Something that happened, as a line tells. */
export interface SeenEvent {
  readonly at: number;
  readonly event: string;
  readonly worker: string;
  readonly agent: string;
  readonly tenant: string;
  readonly jobId: string;
  /** How it ended, what was lost. */
  readonly detail: string;
}

const MOST_WORKERS = 64;
const MOST_EVENTS = 200;
const MOST_AGENTS = 200;

/** What the lines of a metrics file say so far. A file may be damaged, or be another's: no line can break it. */
export class MetricsState {
  /** Lines that were read, without blank ones. */
  lines = 0;
  notJson = 0;
  /** JSON that is no line of a metrics file. */
  foreign = 0;
  /** Lines of a version that this one does not know. */
  newer = 0;
  newestVersion: number = METRICS_SCHEMA_VERSION;
  readonly #workers = new Map<string, SeenWorker>();
  #events: SeenEvent[] = [];

  /** Those that wrote last come last. */
  get workers(): readonly SeenWorker[] {
    return [...this.#workers.values()];
  }

  /** The last of them, the newest at the end. */
  get events(): readonly SeenEvent[] {
    return this.#events;
  }

  /** @returns what happened, when the line tells of that */
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
    if (line !== undefined) return this.#take(line);
    if (version !== null && version > METRICS_SCHEMA_VERSION) {
      this.newer += 1;
      this.newestVersion = Math.max(this.newestVersion, version);
    } else this.foreign += 1;
    return undefined;
  }

  #take({ worker, seq, wallTimeUnix, kind, payload }: MetricsLine): SeenEvent | undefined {
    const before = this.#workers.get(worker);
    const gap = before === undefined ? 0 : Math.max(0, seq - before.seq - 1);
    // At the end of the order.
    this.#workers.delete(worker);
    this.#workers.set(worker, {
      worker,
      seq: Math.max(seq, before?.seq ?? seq),
      missing: (before?.missing ?? 0) + gap,
      lastAt: wallTimeUnix * 1_000,
      snapshot: kind === 'snapshot' ? snapshotOf(fieldsOf(payload)) : before?.snapshot,
    });
    const [oldest] = this.#workers.keys();
    if (this.#workers.size > MOST_WORKERS && oldest !== undefined) this.#workers.delete(oldest);
    if (kind === 'snapshot') return undefined;
    const event = eventOf(fieldsOf(payload), worker, wallTimeUnix * 1_000);
    this.#events = [...this.#events.slice(1 - MOST_EVENTS), event];
    return event;
  }
}

function snapshotOf(payload: Fields): SeenSnapshot {
  const agents = Object.entries(fieldsOf(payload['sessionsByAgent'])).slice(0, MOST_AGENTS);
  return {
    state: textOf(payload['state']),
    isolation: textOf(payload['isolation']),
    active: numberOf(payload['activeSessions']),
    max: numberOf(payload['maxConcurrentSessions']),
    started: numberOf(payload['totalSessionsStarted']),
    failed: numberOf(payload['totalSessionFailures']),
    uptimeSeconds: numberOf(payload['uptimeSeconds']),
    residentBytes: numberOf(fieldsOf(payload['residentSet'])['bytes']),
    lagMs: numberOf(payload['eventLoopLagMs']),
    lastRoutedAgent: textOf(payload['lastRoutedAgent']),
    lastError: textOf(payload['lastError']),
    byAgent: new Map(agents.map(([agent, calls]) => [agent, numberOf(calls) ?? 0])),
  };
}

function eventOf(payload: Fields, worker: string, lineAt: number): SeenEvent {
  const dropped = numberOf(payload['overflowDropped']);
  const seconds = numberOf(payload['durationSeconds']);
  const detail = [
    textOf(payload['reason']),
    seconds === null ? null : `after ${Math.round(seconds)}s`,
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
