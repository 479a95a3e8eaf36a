import type { SessionEndReason, SessionStatus } from '../call/session-outcome.js';

/** What happened to one call: plain data, without anything its caller has chosen but the tenant. */
export interface SessionMetricsEvent {
  readonly event: 'session_started' | 'session_finished' | 'session_failed';
  /** Unix time in milliseconds. */
  readonly timestamp: number;
  readonly jobId: string;
  readonly agent: string;
  readonly tenant: string;
  /** Of a call that is over. */
  readonly status?: SessionStatus;
  readonly reason?: SessionEndReason;
  readonly durationMs?: number;
  /** `CODE: message` of a failed call, at most 500 characters. */
  readonly error?: string;
}

/** Events were dropped because nobody fetched them. */
export interface OverflowMetricsEvent {
  readonly event: 'metrics_stream_overflow';
  readonly timestamp: number;
  readonly agent: '__openrtc__';
  readonly overflowDropped: number;
}

export type MetricsStreamEvent = SessionMetricsEvent | OverflowMetricsEvent;

const MOST = 256;
const MOST_ERROR_CHARACTERS = 500;

/** Events that wait to be fetched. Beyond {@link MOST} the newest are dropped and counted. */
export class MetricsStream {
  #events: SessionMetricsEvent[] = [];
  #dropped = 0;
  #droppedEver = 0;

  /** How many were ever dropped. */
  get dropped(): number {
    return this.#droppedEver;
  }

  push(event: Omit<SessionMetricsEvent, 'timestamp'>): void {
    if (this.#events.length >= MOST) {
      this.#dropped += 1;
      this.#droppedEver += 1;
      return;
    }
    this.#events.push({
      ...event,
      timestamp: Date.now(),
      ...(event.error === undefined ? {} : { error: event.error.slice(0, MOST_ERROR_CHARACTERS) }),
    });
  }

  /** What came since the last time; the last says how many were dropped, when some were. */
  drain(): readonly MetricsStreamEvent[] {
    const events: MetricsStreamEvent[] = this.#events;
    this.#events = [];
    if (this.#dropped > 0) {
      events.push({
        event: 'metrics_stream_overflow',
        timestamp: Date.now(),
        agent: '__openrtc__',
        overflowDropped: this.#dropped,
      });
      this.#dropped = 0;
    }
    return events;
  }
}
