import { type BackoffOptions, reconnectBackoff } from './backoff.js';

/** How long the link waits for what, in milliseconds. Tests shorten them. */
export interface LinkTimings {
  /** From the open socket to the register response. The server drops an unregistered socket at 10 s. */
  readonly registerMs: number;
  /** Between status messages when nothing changes: LiveKit's own cadence. */
  readonly statusMs: number;
  /** Between pings; with two in a row unanswered the socket counts as dead. The server sets no read deadline of its own. */
  readonly heartbeatMs: number;
  /** Longest time to an answer. The server's real budget is 3 s for all workers together, and a silent worker loses the job for ever. */
  readonly answerMs: number;
  /** From an acceptance to its assignment. It follows at once or, after a late acceptance, never. */
  readonly assignmentMs: number;
  /** A connection this old has proved itself: the next failure starts the backoff anew. */
  readonly stableMs: number;
  readonly backoff: BackoffOptions;
}

export const defaultLinkTimings: LinkTimings = {
  registerMs: 10_000,
  statusMs: 2_500,
  heartbeatMs: 10_000,
  answerMs: 1_000,
  assignmentMs: 5_000,
  stableMs: 30_000,
  backoff: reconnectBackoff,
};
