import { voice } from '@livekit/agents';

import { toProviderUsage } from '../call/provider-usage.js';
import type { CallReports } from './call-reports.js';

// Often enough for a live view, and fewer messages than one for every turn of every call.
const REPORT_EVERY_MS = 5_000;

/** Reports the provider usage of a session: every few seconds while it changes. */
export class UsageWatch {
  readonly #session: voice.AgentSession;
  readonly #reports: Pick<CallReports, 'usage'>;
  readonly #onUsage = () => {
    this.#timer ??= setTimeout(() => this.flush(), REPORT_EVERY_MS).unref();
  };
  #timer: NodeJS.Timeout | undefined;

  constructor(session: voice.AgentSession, reports: Pick<CallReports, 'usage'>) {
    this.#session = session;
    this.#reports = reports;
    session.on(voice.AgentSessionEventTypes.SessionUsageUpdated, this.#onUsage);
  }

  /** Reports the usage now, if it has changed since the last report. */
  flush(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#reports.usage(toProviderUsage(this.#session.usage.modelUsage));
  }

  /** Reports the final usage and stops. */
  close(): void {
    this.#session.off(voice.AgentSessionEventTypes.SessionUsageUpdated, this.#onUsage);
    this.flush();
  }
}
