import type { Logger } from '../base/logger.js';
import type { BreakerChange } from '../call/breaker-change.js';
import type { SessionInfo } from '../call/call.js';
import type { CodeEvent } from '../call/code-change.js';
import type { ReloadReport } from '../call/reload-report.js';
import type { MemoryWarning } from '../call/session-event.js';
import { timeBox } from '../base/time-box.js';
import type { ProviderError } from '../call/provider-error.js';
import type { SessionResult } from '../call/session-result.js';
import type { SessionTurn } from '../call/session-turn.js';

/**
 * Is notified of every call. The methods run in the worker's process with plain data, whatever the isolation. Nothing
 * waits for them; one that throws, or takes longer than 5 s, is logged.
 */
export interface SessionObserver {
  /** Called when the agent has joined its room. */
  onSessionStart?(info: SessionInfo): void | Promise<void>;
  /** Called when the call has ended and its place is free. Also called for a call whose agent never joined its room. */
  onSessionEnd?(info: SessionInfo, result: SessionResult): void | Promise<void>;
  /** Called when a provider of the call has failed. The call goes on, see `recoverable`. */
  onProviderError?(info: SessionInfo, error: ProviderError): void | Promise<void>;
  /** Called when the caller has said something, and when that turn is over. */
  onTurn?(info: SessionInfo, turn: SessionTurn): void | Promise<void>;
  /** Called when the process of the call uses more memory than its warning limit. The call goes on. */
  onMemoryWarning?(info: SessionInfo, memory: MemoryWarning): void | Promise<void>;
  /** Called when a reload has changed the code of the call, when it could not, and when new code that failed was undone. */
  onCodeChange?(info: SessionInfo, change: CodeChanged): void | Promise<void>;
  /** Called when new calls of a tenant are refused because too many were not answered, tried, or taken again. Of no call. */
  onBreakerChange?(change: BreakerChange): void | Promise<void>;
  /** Called after each reload of the agents. Of no call. */
  onReload?(report: ReloadReport): void | Promise<void>;
}

/** What has become of new code in a call. */
export type CodeChanged = Omit<CodeEvent, 'kind' | 'jobId'>;

// Nothing waits for an observer. The limit only decides when one that hangs is logged.
const OBSERVER_MS = 5_000;

/**
 * Notifies all observers at the same time. An observer that is slow or fails is logged and does not affect the others.
 */
export class Observers {
  readonly #observers: readonly SessionObserver[];
  readonly #logger: Logger;

  constructor(observers: readonly SessionObserver[], logger: Logger) {
    this.#observers = observers;
    this.#logger = logger;
  }

  /** Calls `onSessionStart`. Resolves when every observer is done or has timed out; never rejects. */
  started(info: SessionInfo): Promise<void> {
    return this.#each('onSessionStart', info.jobId, (observer) => observer.onSessionStart?.(info));
  }

  /** Calls `onSessionEnd`, see {@link started}. */
  ended(info: SessionInfo, result: SessionResult): Promise<void> {
    return this.#each('onSessionEnd', info.jobId, (observer) =>
      observer.onSessionEnd?.(info, result),
    );
  }

  /** Calls `onProviderError`, see {@link started}. */
  providerError(info: SessionInfo, error: ProviderError): Promise<void> {
    return this.#each('onProviderError', info.jobId, (observer) =>
      observer.onProviderError?.(info, error),
    );
  }

  /** Calls `onTurn`, see {@link started}. */
  turn(info: SessionInfo, turn: SessionTurn): Promise<void> {
    return this.#each('onTurn', info.jobId, (observer) => observer.onTurn?.(info, turn));
  }

  /** Calls `onMemoryWarning`, see {@link started}. */
  memoryWarning(info: SessionInfo, memory: MemoryWarning): Promise<void> {
    return this.#each('onMemoryWarning', info.jobId, (observer) =>
      observer.onMemoryWarning?.(info, memory),
    );
  }

  /** Calls `onCodeChange`, see {@link started}. */
  codeChanged(
    info: SessionInfo,
    { jobId, generation, result, why, error }: CodeEvent,
  ): Promise<void> {
    const change: CodeChanged = {
      generation,
      result,
      ...(why === undefined ? {} : { why }),
      ...(error === undefined ? {} : { error }),
    };
    return this.#each('onCodeChange', jobId, (observer) => observer.onCodeChange?.(info, change));
  }

  /** Calls `onBreakerChange`, see {@link started}. */
  breakerChanged(change: BreakerChange): Promise<void> {
    return this.#each('onBreakerChange', undefined, (observer) =>
      observer.onBreakerChange?.(change),
    );
  }

  /** Calls `onReload`, see {@link started}. */
  reloaded(report: ReloadReport): Promise<void> {
    return this.#each('onReload', undefined, (observer) => observer.onReload?.(report));
  }

  async #each(
    hook: string,
    jobId: string | undefined,
    call: (observer: SessionObserver) => unknown,
  ): Promise<void> {
    await Promise.all(
      this.#observers.map(async (observer) => {
        const late = (error: unknown) =>
          this.#logger.error({ error, jobId, hook }, 'an observer failed after its timeout');
        const ran = await timeBox(OBSERVER_MS, () => call(observer), late);
        if (ran.kind === 'failed')
          this.#logger.error({ error: ran.error, jobId, hook }, 'an observer failed');
        if (ran.kind === 'timeout')
          this.#logger.warn({ jobId, hook, ms: OBSERVER_MS }, 'an observer is slow');
      }),
    );
  }
}
