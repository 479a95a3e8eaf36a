import type { Logger } from '../base/logger.js';
import type { SessionInfo } from '../call/call.js';
import type { MemoryWarning, SessionFaults } from '../call/session-event.js';
import { timeBox } from '../base/time-box.js';
import type { SessionOutcome } from '../call/session-outcome.js';

/** Told about every call, in the worker's process, with plain data, whatever the isolation. */
export interface SessionObserver {
  /** The agent is in its room. */
  onSessionStart?(info: SessionInfo): void | Promise<void>;
  /** The call is over and its place is free. Comes without a start when the agent never got in. */
  onSessionEnd?(
    info: SessionInfo,
    outcome: SessionOutcome,
    faults: SessionFaults,
  ): void | Promise<void>;
  /** The process of the call has crossed the limit it should stay under. It goes on. */
  onMemoryWarning?(info: SessionInfo, memory: MemoryWarning): void | Promise<void>;
}

// Nothing waits for an observer; the box only bounds how long a hanging one goes unreported.
const OBSERVER_MS = 5_000;

/** Calls observers one beside the other; a slow or failing one is logged and disturbs nobody. */
export class Observers {
  readonly #observers: readonly SessionObserver[];
  readonly #logger: Logger;

  constructor(observers: readonly SessionObserver[], logger: Logger) {
    this.#observers = observers;
    this.#logger = logger;
  }

  started(info: SessionInfo): Promise<void> {
    return this.#each('onSessionStart', info.jobId, (observer) => observer.onSessionStart?.(info));
  }

  ended(info: SessionInfo, outcome: SessionOutcome, faults: SessionFaults): Promise<void> {
    return this.#each('onSessionEnd', info.jobId, (observer) =>
      observer.onSessionEnd?.(info, outcome, faults),
    );
  }

  memoryWarning(info: SessionInfo, memory: MemoryWarning): Promise<void> {
    return this.#each('onMemoryWarning', info.jobId, (observer) =>
      observer.onMemoryWarning?.(info, memory),
    );
  }

  async #each(
    hook: string,
    jobId: string,
    call: (observer: SessionObserver) => unknown,
  ): Promise<void> {
    await Promise.all(
      this.#observers.map(async (observer) => {
        const late = (error: unknown) =>
          this.#logger.error({ error, jobId, hook }, 'an observer failed, late');
        const ran = await timeBox(OBSERVER_MS, () => call(observer), late);
        if (ran.kind === 'failed')
          this.#logger.error({ error: ran.error, jobId, hook }, 'an observer failed');
        if (ran.kind === 'timeout')
          this.#logger.warn({ jobId, hook, ms: OBSERVER_MS }, 'an observer is slow');
      }),
    );
  }
}
