import { type BackoffOptions, reconnectBackoff } from './backoff.js';

/** The time boxes and intervals of a link, in milliseconds. Tests shorten them. */
export interface LinkTimings {
  /** Time box from the open socket to the register response. The server closes a socket without registration after 10 s. */
  readonly registerMs: number;
  /** Interval of status messages when nothing changes, the same as in LiveKit's SDKs. */
  readonly statusMs: number;
  /** Interval of pings. After two unanswered ones the socket counts as dead; the server has no read deadline. */
  readonly heartbeatMs: number;
  /** Time box of an answer to an offer. The server waits 3 s for all workers together; without an answer the job is lost. */
  readonly answerMs: number;
  /** Time box from an acceptance to its assignment, which comes at once or, after a late acceptance, never. */
  readonly assignmentMs: number;
  /** The age at which a connection counts as stable: after that a failure starts the backoff from the beginning. */
  readonly stableMs: number;
  /** The delays between attempts to reconnect. */
  readonly backoff: BackoffOptions;
}

/** The timings of a worker. */
export const defaultLinkTimings: LinkTimings = {
  registerMs: 10_000,
  statusMs: 2_500,
  heartbeatMs: 10_000,
  answerMs: 1_000,
  assignmentMs: 5_000,
  stableMs: 30_000,
  backoff: reconnectBackoff,
};
