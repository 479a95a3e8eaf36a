import type { PlainError } from '../base/errors.js';
import type { CodeEvent } from './code-change.js';
import type { LoopBlock } from './loop-block.js';
import type { ProviderError } from './provider-error.js';
import type { ProviderUsage } from './provider-usage.js';
import type { SessionOutcome } from './session-outcome.js';
import type { SessionTurn } from './session-turn.js';

/**
 * An event that a running session reports to the pool, as plain data. A strategy passes it on from wherever the
 * session runs.
 *
 * - `joined`: the agent is in its room
 * - `ending`: the session is about to leave its room. LiveKit needs the final job status before that, so the session
 *   waits, at most 1 s, until the pool has handled the event
 * - `memory`: the process of the call has crossed its warning limit; the call goes on
 * - `fault`: a hook or node of the agent, or a tool, called `name`, has failed; the call goes on
 * - `provider_error`: a provider has failed, and the SDK tries again or gives up; the call goes on
 * - `turn`: the caller has said something, the agent has answered, or the turn is over without an answer
 * - `usage`: the usage of all providers of the call so far
 * - `blocked`: code of the call has blocked the event loop of its process
 * - `code`: the code of the call has changed, or could not
 */
export type SessionEvent =
  | { readonly kind: 'joined'; readonly jobId: string }
  | { readonly kind: 'ending'; readonly jobId: string; readonly outcome: SessionOutcome }
  | { readonly kind: 'memory'; readonly jobId: string; readonly memory: MemoryWarning }
  | {
      readonly kind: 'fault';
      readonly jobId: string;
      readonly fault: 'hook' | 'tool';
      readonly name: string;
      readonly error: PlainError;
    }
  | { readonly kind: 'provider_error'; readonly jobId: string; readonly error: ProviderError }
  | { readonly kind: 'turn'; readonly jobId: string; readonly turn: SessionTurn }
  | { readonly kind: 'usage'; readonly jobId: string; readonly usage: readonly ProviderUsage[] }
  | { readonly kind: 'blocked'; readonly jobId: string; readonly block: LoopBlock }
  | CodeEvent;

/** A warning that a process of calls uses too much memory. All sizes are resident memory (RSS) in bytes. */
export interface MemoryWarning {
  /** The id of the process. */
  readonly pid: number;
  /** The memory in use. */
  readonly usedBytes: number;
  /** The warning limit that was crossed. */
  readonly warnBytes: number;
  /** The limit at which the process is ended together with its calls; absent when there is none. */
  readonly limitBytes?: number;
}

/** Reports an event to the pool. Resolves when the pool has handled it. */
export type ReportSessionEvent = (event: SessionEvent) => Promise<void>;
