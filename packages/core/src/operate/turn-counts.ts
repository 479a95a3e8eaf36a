import type { SessionTurn, SessionTurns, UnansweredReason } from '../call/session-turn.js';

/** Counts the turns of one call or of all calls. */
export class TurnCounts implements SessionTurns {
  /** Turns of callers. */
  asked = 0;
  /** Turns that were answered. */
  answered = 0;
  /** Turns in which the caller spoke before the answer, or before its end. */
  interrupted = 0;
  /** Turns without an answer. */
  unanswered = 0;
  /** Why the last turn without an answer had none. */
  lastUnanswered: UnansweredReason | null = null;

  /** Counts one step of a turn. */
  add(turn: SessionTurn): void {
    this[turn.state] += 1;
    if (turn.state === 'unanswered') this.lastUnanswered = turn.reason;
  }

  /** The current counts, as plain data. */
  snapshot(): SessionTurns {
    const { asked, answered, interrupted, unanswered, lastUnanswered } = this;
    return { asked, answered, interrupted, unanswered, lastUnanswered };
  }
}
