import type { PlainError } from '../base/errors.js';
import type { LoopBlock } from './loop-block.js';
import type { ProviderUsage } from './provider-usage.js';
import type { SessionOutcome } from './session-outcome.js';

/**
 * What a running session tells the pool: plain data, relayed from wherever it runs.
 *
 * - `joined`: the agent is in its room
 * - `ending`: the session is about to leave its room; LiveKit wants the final job status first, so
 *   the session waits (at most 1 s) until the report is taken
 * - `memory`: the process it runs in has crossed the limit it should stay under; the call goes on
 * - `fault`: something failed that the call survives: a hook or node of an agent, or a tool, by `name`
 * - `usage`: what it has used of its providers so far, all of them
 * - `blocked`: its code has kept the event loop from every call of its process
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
  | { readonly kind: 'usage'; readonly jobId: string; readonly usage: readonly ProviderUsage[] }
  | { readonly kind: 'blocked'; readonly jobId: string; readonly block: LoopBlock };

/** A process of calls uses more memory than it should. Resident memory (RSS) in bytes. */
export interface MemoryWarning {
  readonly pid: number;
  readonly usedBytes: number;
  /** The limit it has crossed. */
  readonly warnBytes: number;
  /** Above it the process is ended with its calls; absent: there is no such limit. */
  readonly limitBytes?: number;
}

/** Resolves when the pool has taken the event. */
export type ReportSessionEvent = (event: SessionEvent) => Promise<void>;
