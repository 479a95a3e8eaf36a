import type { Cause } from '../call/caused-by.js';
import type { SessionEndReason, SessionStatus } from '../call/end-reason.js';
import type { ProviderUsage } from '../call/provider-usage.js';
import type { ReloadReport, ReloadedCall } from '../call/reload-report.js';
import type { SessionFaults } from '../call/session-faults.js';
import type { SessionTurns } from '../call/session-turn.js';

/**
 * The start or the end of one call, or what became of its new code, as plain data. The tenant and the room are the only
 * values in it that the caller can choose.
 */
export interface SessionMetricsEvent {
  /** What happened: the call was assigned, ended, or failed; or new code failed in it and was undone. */
  readonly event:
    | 'session_started'
    | 'session_finished'
    | 'session_failed'
    | 'session_reload_undone';
  /** Unix time in milliseconds. */
  readonly timestamp: number;
  /** LiveKit's id of the job. */
  readonly jobId: string;
  /** Name of the agent. */
  readonly agent: string;
  /** The tenant of the call; `default` without one. */
  readonly tenant: string;
  /** Name of the room. */
  readonly room: string;
  /** Time of the assignment, Unix time in milliseconds. Absent in `session_reload_undone`. */
  readonly startedAt?: number;
  /** The outcome. Only of a call that has ended. */
  readonly status?: SessionStatus;
  /** Why the call ended. Only of a call that has ended. */
  readonly reason?: SessionEndReason;
  /** Who or what caused the end. Only of a call that has ended. */
  readonly causedBy?: Cause;
  /** Milliseconds since the assignment. Only of a call that has ended. */
  readonly durationMs?: number;
  /** Failures that did not end the call. Only of a call that has ended. */
  readonly faults?: SessionFaults;
  /** The turns of the caller. Only of a call that has ended. */
  readonly turns?: SessionTurns;
  /** Its use of providers. Only of a call that has ended. */
  readonly usage?: readonly ProviderUsage[];
  /** The number of the reload whose code the call has now. Only in `session_reload_undone`. */
  readonly generation?: number;
  /** `CODE: message` of what failed, at most 500 characters. Absent in other events. */
  readonly error?: string;
}

/** What a reload of the agents has done, see {@link ReloadReport}. */
export interface ReloadMetricsEvent extends Pick<
  ReloadReport,
  'generation' | 'outcome' | 'files' | 'agents' | 'notes' | 'durationMs'
> {
  /** The kind of event. */
  readonly event: 'reload';
  /** Unix time in milliseconds. */
  readonly timestamp: number;
  /** A fixed value, because the event belongs to no agent. */
  readonly agent: '__openrtc__';
  /** Number of calls by what became of them so far. */
  readonly calls: Readonly<Partial<Record<ReloadedCall['result'], number>>>;
  /** `CODE: message` of a refused reload, at most 500 characters. */
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
export type MetricsStreamEvent = SessionMetricsEvent | ReloadMetricsEvent | OverflowMetricsEvent;

type Pushed = SessionMetricsEvent | ReloadMetricsEvent;
type WithoutTime<Event> = Event extends Pushed ? Omit<Event, 'timestamp'> : never;

const MAX_EVENTS = 256;
const MAX_ERROR_CHARACTERS = 500;

/** Events that wait to be taken. If more than {@link MAX_EVENTS} wait, new ones are dropped and counted. */
export class MetricsStream {
  #events: Pushed[] = [];
  #dropped = 0;
  #totalDropped = 0;
  #onPush: () => void = () => {};

  /** How many events were dropped in total. */
  get dropped(): number {
    return this.#totalDropped;
  }

  /** Sets the function that is called after each event. It must neither throw nor wait. */
  watch(onPush: () => void): void {
    this.#onPush = onPush;
  }

  /** Adds an event with the current time. */
  push(event: WithoutTime<Pushed>): void {
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
    this.#onPush();
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
