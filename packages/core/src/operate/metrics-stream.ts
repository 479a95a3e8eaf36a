import type { Cause } from '../call/caused-by.js';
import type { SessionEndReason, SessionStatus } from '../call/end-reason.js';
import type { SessionFaults } from '../call/session-faults.js';
import type { SessionTurns } from '../call/session-turn.js';

/** The start or the end of one call, as plain data. The tenant is the only value in it that the caller can choose. */
export interface SessionMetricsEvent {
  /** What happened: the call was assigned, ended, or failed. */
  readonly event: 'session_started' | 'session_finished' | 'session_failed';
  /** Unix time in milliseconds. */
  readonly timestamp: number;
  /** LiveKit's id of the job. */
  readonly jobId: string;
  /** Name of the agent. */
  readonly agent: string;
  /** The tenant of the call; `default` without one. */
  readonly tenant: string;
  /** The outcome. Absent in `session_started`. */
  readonly status?: SessionStatus;
  /** Why the call ended. Absent in `session_started`. */
  readonly reason?: SessionEndReason;
  /** Who or what caused the end. Absent in `session_started`. */
  readonly causedBy?: Cause;
  /** Milliseconds since the assignment. Absent in `session_started`. */
  readonly durationMs?: number;
  /** Failures that did not end the call. Absent in `session_started`. */
  readonly faults?: SessionFaults;
  /** The turns of the caller. Absent in `session_started`. */
  readonly turns?: SessionTurns;
  /** `CODE: message` of a failed call, at most 500 characters. Absent in other events. */
  readonly error?: string;
}

/** Reports that events were dropped, because they were not taken in time. */
export interface OverflowMetricsEvent {
  /** The kind of event. */
  readonly event: 'metrics_stream_overflow';
  /** Unix time in milliseconds. */
  readonly timestamp: number;
  /** A fixed value, because the event belongs to no agent. */
  readonly agent: '__openrtc__';
  /** How many events were dropped since the last report. */
  readonly overflowDropped: number;
}

/** An event of the metrics stream. */
export type MetricsStreamEvent = SessionMetricsEvent | OverflowMetricsEvent;

const MAX_EVENTS = 256;
const MAX_ERROR_CHARACTERS = 500;

/** Events that wait to be taken. If more than {@link MAX_EVENTS} wait, new ones are dropped and counted. */
export class MetricsStream {
  #events: SessionMetricsEvent[] = [];
  #dropped = 0;
  #totalDropped = 0;

  /** How many events were dropped in total. */
  get dropped(): number {
    return this.#totalDropped;
  }

  /** Adds an event with the current time. */
  push(event: Omit<SessionMetricsEvent, 'timestamp'>): void {
    if (this.#events.length >= MAX_EVENTS) {
      this.#dropped += 1;
      this.#totalDropped += 1;
      return;
    }
    this.#events.push({
      ...event,
      timestamp: Date.now(),
      ...(event.error === undefined ? {} : { error: event.error.slice(0, MAX_ERROR_CHARACTERS) }),
    });
  }

  /** Removes and returns the waiting events. If some were dropped, the last event says how many. */
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
