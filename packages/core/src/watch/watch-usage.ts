import { voice } from '@livekit/agents';

import { toProviderUsage } from '../call/provider-usage.js';
import type { CurrentCall } from '../sdk/current-call.js';
import type { ReportSessionEvent } from '../call/session-event.js';

// Often enough for a live view, and fewer messages than one for every turn of every call.
const REPORT_EVERY_MS = 5_000;

/** Reports the provider usage of a session: every few seconds while it changes. */
export class UsageWatch {
  readonly #session: voice.AgentSession;
  readonly #call: CurrentCall;
  readonly #report: ReportSessionEvent;
  readonly #onUsage = () => {
    this.#timer ??= setTimeout(() => this.flush(), REPORT_EVERY_MS).unref();
  };
  #timer: NodeJS.Timeout | undefined;

  constructor(session: voice.AgentSession, call: CurrentCall, report: ReportSessionEvent) {
    this.#session = session;
    this.#call = call;
    this.#report = report;
    session.on(voice.AgentSessionEventTypes.SessionUsageUpdated, this.#onUsage);
  }

  /** Reports the usage now, if it has changed since the last report. */
  flush(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { jobId, logger } = this.#call;
    const usage = toProviderUsage(this.#session.usage.modelUsage);
    this.#report({ kind: 'usage', jobId, usage }).catch((error: unknown) =>
      logger.warn({ error }, 'the usage of a call could not be reported'),
    );
  }

  /** Reports the final usage and stops. */
  close(): void {
    this.#session.off(voice.AgentSessionEventTypes.SessionUsageUpdated, this.#onUsage);
    this.flush();
  }
}
