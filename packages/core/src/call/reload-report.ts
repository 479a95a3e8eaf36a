import type { PlainError } from '../base/errors.js';
import { shortPath } from '../base/source-place.js';
import type { CodeEvent } from './code-change.js';

/** What a reload has done to one call so far. */
export interface ReloadedCall extends Pick<CodeEvent, 'jobId' | 'why'> {
  /** As in the event of the call; `starting`: its agent is not built yet, and will be of the new code. */
  readonly result: CodeEvent['result'] | 'starting';
}

/** What a reload has done. */
export interface ReloadReport {
  /** The number of the reload in this worker, from 1. That of the code in use when nothing was applied. */
  readonly generation: number;
  /**
   * - `applied`: the code of the files is in use
   * - `unchanged`: it is the code in use
   * - `refused`: it cannot be used, see `error`; everything is as it was
   */
  readonly outcome: 'applied' | 'unchanged' | 'refused';
  /** Absolute paths of the files that have changed. */
  readonly files: readonly string[];
  /** Names of the agents that have new code, and of new ones. */
  readonly agents: readonly string[];
  /** What is worth knowing, one sentence each: a deleted file, a call that could not be changed. */
  readonly notes: readonly string[];
  /** What has become of each live call so far. Calls that wait for the end of their turn, or are pinned, follow. */
  readonly calls: readonly ReloadedCall[];
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
  /** Why it was refused. */
  readonly error?: PlainError;
}

/** How many calls of a report have which result. */
export function countByResult(
  calls: readonly ReloadedCall[],
): Partial<Record<ReloadedCall['result'], number>> {
  const counts: Partial<Record<ReloadedCall['result'], number>> = {};
  for (const { result } of calls) counts[result] = (counts[result] ?? 0) + 1;
  return counts;
}

/** An applied reload as one line. */
export function reloadLine(report: ReloadReport): string {
  const { generation, files, agents, calls, durationMs } = report;
  const changed =
    files.length === 0 ? 'agents have' : `${shown(files.map(shortPath))} changed, agents have`;
  const results = Object.entries(countByResult(calls)).map(
    ([result, count]) => `${count} ${result}`,
  );
  return `reload ${generation}: ${changed} new code: ${agents.length === 0 ? 'none' : shown(agents)}; calls: ${results.length === 0 ? 'none' : results.join(', ')}; ${durationMs} ms`;
}

// After a checkout there may be hundreds.
const SHOWN = 5;

function shown(names: readonly string[]): string {
  const more = names.length - SHOWN;
  return `${names.slice(0, SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
