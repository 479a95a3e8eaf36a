import type { PlainError } from '../base/errors.js';

/** New code for the agents of a worker, as plain data: it goes to every process that runs calls. */
export interface CodeChange {
  /** The number of the change in this worker, from 1. */
  readonly generation: number;
  /** Where the code is, for the loader of the agents: it brought the change, and there is one in each process. */
  readonly code: string;
  /** Every agent that the worker has then, with the revision under which calls ask for it. */
  readonly agents: readonly ChangedAgent[];
}

/** An agent in a {@link CodeChange}. */
export interface ChangedAgent {
  readonly name: string;
  readonly revision: number;
  /** Absolute path of the file it was discovered in; absent for an agent that was added in code. */
  readonly sourcePath?: string;
}

/**
 * What has become of a change in one call.
 *
 * - `renewed`: its agents have the new code
 * - `unchanged`: the code of its agents has not changed
 * - `next_turn`: it gets the new code when its turn is over
 * - `pinned`: it gets the new code when the last {@link pinReload} is released
 * - `kept_old`: it cannot get the new code, and goes on with the old
 * - `undone`: the new code has failed in its first use, and the old code is back
 */
export type CodeResult = 'renewed' | 'unchanged' | 'next_turn' | 'pinned' | 'kept_old' | 'undone';

const RESULTS: ReadonlySet<unknown> = new Set<CodeResult>([
  'renewed',
  'unchanged',
  'next_turn',
  'pinned',
  'kept_old',
  'undone',
]);

/** The event of a session whose code has changed, or could not. */
export interface CodeEvent {
  readonly kind: 'code';
  readonly jobId: string;
  /** The number of the change that the code of the call came with, now. */
  readonly generation: number;
  readonly result: CodeResult;
  /** Why not, or what not, in words. */
  readonly why?: string;
  /** The error that undid it. */
  readonly error?: PlainError;
}

/** Whether another process may have sent it. */
export function isCodeEvent(event: Readonly<Record<string, unknown>>): boolean {
  const { generation, result, why, error } = event;
  return (
    Number.isSafeInteger(generation) &&
    RESULTS.has(result) &&
    (why === undefined || typeof why === 'string') &&
    (error === undefined || isPlain(error))
  );
}

function isPlain(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, message } = error as Partial<PlainError>;
  return typeof code === 'string' && typeof message === 'string';
}
