import {
  METRICS_SCHEMA_VERSION,
  type MetricsLine,
  type RuntimeSnapshot,
  type SessionMetricsEvent,
  type UsageFigure,
  parseMetricsLine,
  usageFigures,
} from '@openrtc/core/operate';

import { type Fields, fieldsOf, numberOf, objectOf, parsed, textOf } from '../../live/fields.js';
import { SeenLines } from './seen-lines.js';

/** The use of one provider, read from a line. */
export interface SeenUsage extends Readonly<Record<UsageFigure, number>> {
  readonly kind: string;
  readonly provider: string;
  readonly model: string;
}

/** A call, read from a line. */
export interface SeenCall {
  readonly jobId: string;
  readonly agent: string;
  readonly tenant: string;
  /** Its end, or when it was last seen: Unix time in milliseconds. */
  readonly at: number;
  readonly durationMs: number;
  /** Undefined when the line does not say. */
  readonly usage: readonly SeenUsage[] | undefined;
  /** False when no line says how it ended. */
  readonly ended: boolean;
}

/** What a line is: usable, or why it is not. */
export type LineKind = 'blank' | 'metrics' | 'duplicate' | 'broken' | 'foreign' | 'newer';

interface Run {
  readonly seen: SeenLines;
  /** The calls that have begun and not ended, as seen last. */
  live: Map<string, SeenCall>;
}

/**
 * Reads the lines of metrics files: each line once, however often it is there. What it keeps grows with the runs of workers
 * and their live calls, not with the lines.
 */
export class CallLog {
  /** Events that workers have dropped, as they say themselves. */
  dropped = 0;
  readonly #onEnd: (call: SeenCall) => void;
  readonly #runs = new Map<string, Run>();

  /** @param onEnd - called with each call that has ended */
  constructor(onEnd: (call: SeenCall) => void) {
    this.#onEnd = onEnd;
  }

  /** Reads a line. Those of one worker must come in the order of its file, or else calls may seem to go on. */
  add(text: string): LineKind {
    if (text.trim() === '') return 'blank';
    const line = parseMetricsLine(text);
    if (line === undefined) return unusable(text);
    const run = this.#runOf(line.worker);
    // A file may be given twice, as itself and as its copy.
    if (!run.seen.add(line.seq)) return 'duplicate';
    this.#apply(line, run);
    return 'metrics';
  }

  /** The calls that no line has ended: they go on, or their worker was killed. */
  get unfinished(): readonly SeenCall[] {
    return [...this.#runs.values()].flatMap(({ live }) => [...live.values()]);
  }

  /** The lines of workers, between the first and the last, that were in no file. */
  get missing(): number {
    return [...this.#runs.values()].reduce((sum, { seen }) => sum + seen.missing, 0);
  }

  /** How many ranges of lines and live calls it holds. */
  get held(): number {
    return [...this.#runs.values()].reduce(
      (sum, { seen, live }) => sum + seen.ranges + live.size,
      0,
    );
  }

  #runOf(worker: string): Run {
    const known = this.#runs.get(worker);
    if (known !== undefined) return known;
    const run = { seen: new SeenLines(), live: new Map<string, SeenCall>() };
    this.#runs.set(worker, run);
    return run;
  }

  #apply({ kind, payload, timestamp }: MetricsLine, run: Run): void {
    if (kind === 'snapshot') {
      run.live = liveCalls(payload, timestamp);
      return;
    }
    switch (payload.event) {
      case 'session_started': {
        const { jobId } = payload;
        if (!run.live.has(jobId)) run.live.set(jobId, callOf(payload, { ended: false }));
        break;
      }
      case 'session_finished':
      case 'session_failed':
        run.live.delete(payload.jobId);
        this.#onEnd(callOf(payload, { ended: true }));
        break;
      case 'metrics_stream_overflow':
        this.dropped += payload.overflowDropped;
        break;
      case 'session_reload_undone':
      case 'reload':
        break;
    }
  }
}

/** Why a line is no line of a metrics file. */
function unusable(text: string): LineKind {
  const value = objectOf(parsed(text));
  if (value === undefined) return 'broken';
  return (numberOf(value['schemaVersion']) ?? 0) > METRICS_SCHEMA_VERSION ? 'newer' : 'foreign';
}

// Fields may be missing: another version of OpenRTC may have written the line.
function callOf(
  payload: Partial<SessionMetricsEvent>,
  { ended }: Pick<SeenCall, 'ended'>,
): SeenCall {
  const { jobId = '', agent = '', tenant = '', timestamp = 0, durationMs = 0 } = payload;
  const usage = usageOf(payload.usage);
  return { jobId, agent, tenant, at: timestamp, durationMs, usage, ended };
}

function liveCalls({ sessions }: Partial<RuntimeSnapshot>, at: number): Map<string, SeenCall> {
  const calls = (sessions ?? []).map((session): SeenCall => {
    const fields = fieldsOf(session);
    return {
      jobId: textOf(fields['jobId']) ?? '',
      agent: textOf(fields['agent']) ?? '',
      tenant: textOf(fields['tenant']) ?? '',
      at,
      durationMs: whole(fields['durationMs']),
      usage: usageOf(fields['usage']),
      ended: false,
    };
  });
  return new Map(calls.map((call) => [call.jobId, call]));
}

function usageOf(value: unknown): readonly SeenUsage[] | undefined {
  return Array.isArray(value) ? value.map((each) => oneUsage(fieldsOf(each))) : undefined;
}

function oneUsage(fields: Fields): SeenUsage {
  const figures = usageFigures.map((figure) => [figure, whole(fields[figure])] as const);
  return {
    kind: textOf(fields['kind']) ?? '',
    provider: textOf(fields['provider']) ?? '',
    model: textOf(fields['model']) ?? '',
    ...(Object.fromEntries(figures) as Record<UsageFigure, number>),
  };
}

// A snapshot is not checked as closely as an event.
function whole(value: unknown): number {
  return Math.max(0, Math.round(numberOf(value) ?? 0));
}
