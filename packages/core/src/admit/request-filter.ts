import { askInTime } from '../base/ask-in-time.js';
import { messageOf } from '../base/errors.js';
import { kindOf } from '../base/kind-of.js';
import { printable } from '../base/printable.js';
import type { Call, MetadataValues } from '../call/call.js';
import type { Refusal } from '../call/refusal.js';

/** An offered call as a {@link RequestFilter} sees it: everything about it is decided but the answer. Frozen. */
export interface FilterRequest<Metadata extends object = MetadataValues> extends Call {
  /** The room metadata with the job metadata merged over it. Empty when there is none that can be read. */
  readonly metadata: Readonly<Metadata>;
}

/**
 * Has the last word about a call, when there is a place for it. Returns `true` to take it, and `false` or a reason for the
 * log to refuse it. The call is refused as well when it throws, returns anything else, or takes longer than
 * `requestFilterTimeoutMs`. LiveKit waits for the answer, so an asynchronous filter should take only milliseconds.
 */
export type RequestFilter<Metadata extends object = MetadataValues> = (
  request: FilterRequest<Metadata>,
) => boolean | string | Promise<boolean | string>;

/** A refusal by the filter. */
export interface FilterRefusal extends Refusal {
  /** The reason. */
  readonly refused: 'filtered' | 'filter_failed';
  /** The error that the filter threw; absent for other refusals. */
  readonly cause?: unknown;
}

/** Asks the filter. Returns a promise only when the filter does. Never throws and never rejects. */
export function askFilter(
  filter: RequestFilter,
  request: FilterRequest,
  timeoutMs: number,
): FilterRefusal | undefined | Promise<FilterRefusal | undefined> {
  return askInTime(() => filter(Object.freeze({ ...request })), timeoutMs, {
    answered: judge,
    threw,
    late: () => failed(`did not answer within ${timeoutMs} ms`),
  });
}

function judge(answer: unknown): FilterRefusal | undefined {
  if (answer === true) return undefined;
  if (answer === false) return { refused: 'filtered', message: 'by requestFilter' };
  if (typeof answer === 'string')
    return { refused: 'filtered', message: `by requestFilter: ${printable(answer, 200)}` };
  return failed(`returned ${kindOf(answer)}; return true, false, or a reason to refuse the call`);
}

function threw(error: unknown): FilterRefusal {
  return { ...failed(`threw: ${printable(messageOf(error), 200)}`), cause: error };
}

function failed(what: string): FilterRefusal {
  return { refused: 'filter_failed', message: `requestFilter ${what}` };
}
