import type { SessionTurn, TurnTimes, UnansweredReason } from '../call/session-turn.js';

/** What failed in a turn. */
export type TurnFailure = Extract<UnansweredReason, 'provider_error' | 'hook_error'>;

/** How something was said. */
export interface SaidHow {
  /** True when the caller spoke before its end. */
  readonly interrupted: boolean;
  /**
   * `no_audio` when there should have been audio and there was none, and `not_played` when nobody knows whether there
   * should have been any.
   */
  readonly heard: 'yes' | 'not_played' | 'no_audio';
}

/** A reply of the agent, as the SDK's `SpeechHandle` is one. */
export interface Reply {
  /** True once the caller has interrupted it. */
  readonly interrupted: boolean;
}

interface OpenTurn {
  /** True once a reply to it was interrupted. */
  interrupted: boolean;
  /** True once a reply to it was generated, or failed. */
  replied: boolean;
  /** Its own replies: those that were generated when it was asked, or else the next one. */
  replies: readonly Reply[];
  /** Time to the first token, when it is known before the answer. */
  firstToken: TurnTimes;
}

/**
 * Follows the turns of one call. The SDK has no event for a turn; this derives it from what the caller says, the replies
 * that are generated, what the agent says, and what fails.
 *
 * A turn is open from the caller's words until the agent says something. It is also over when the caller speaks again,
 * when its reply has failed for good, or when the call ends. After a reply without words a turn stays open, because a
 * tool may have handed the call to another agent that answers.
 */
export class TurnTracker {
  readonly #report: (turn: SessionTurn) => void;
  readonly #replies = new Set<Reply>();
  #open: OpenTurn | undefined;
  #failure: TurnFailure | undefined;
  // A realtime model hears the caller itself. The words may come after its reply has begun.
  #transcriptDue = false;

  /** @param report - receives each step of a turn */
  constructor(report: (turn: SessionTurn) => void) {
    this.#report = report;
  }

  /** True when it is known why the open turn, or the next one, may get no answer. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  get #replying(): boolean {
    return this.#replies.size > 0;
  }

  /** The caller has said something. */
  asked(times: TurnTimes = {}): void {
    if (this.#transcriptDue) {
      this.#transcriptDue = false;
      return;
    }
    if (!this.#askedByTool()) this.#ask(times);
  }

  /**
   * A tool of the agent may ask the model itself: `generateReply({ userInput })`. The caller has said nothing then, and
   * the reply to the caller, which waits for its tool, goes on. New words of the caller interrupt that reply.
   */
  #askedByTool(): boolean {
    const own = this.#open?.replies ?? [];
    return own.some((reply) => this.#replies.has(reply) && !reply.interrupted);
  }

  /** The caller was heard to speak, but there are no words. */
  unheard(): void {
    this.#ask({});
    this.#end({ state: 'unanswered', reason: this.#failure ?? 'no_transcript' });
  }

  /**
   * Words of the caller are lost, because their provider failed. They are a turn of their own: a reply to earlier words
   * goes on.
   */
  lost(reason: TurnFailure): void {
    this.#report({ state: 'asked' });
    this.#report({ state: 'unanswered', reason });
  }

  /**
   * The agent begins to generate a reply.
   * @param byModel - true when a realtime model has decided so itself, because it heard the caller
   */
  replyBegan(reply: Reply, byModel: boolean): void {
    this.#replies.add(reply);
    if (this.#open?.replies.length === 0) this.#open.replies = [reply];
    if (!byModel || this.#open !== undefined) return;
    this.#ask({});
    this.#transcriptDue = true;
  }

  /** A reply is over: spoken, interrupted, or failed. */
  replyEnded(reply: Reply): void {
    this.#replies.delete(reply);
    if (this.#open === undefined) return;
    this.#open.replied = true;
    this.#open.interrupted ||= reply.interrupted;
    if (this.#failure !== undefined && !reply.interrupted && !this.#replying)
      this.#end({ state: 'unanswered', reason: this.#failure });
  }

  /** The model has given its first token, which a realtime model reports before the agent has spoken. */
  firstToken(times: TurnTimes): void {
    if (this.#open !== undefined) this.#open.firstToken = times;
  }

  /** The agent has said something. */
  said({ interrupted, heard }: SaidHow, times: TurnTimes): void {
    if (this.#open === undefined) return;
    const { firstToken } = this.#open;
    if (heard !== 'yes' && this.#failure !== undefined)
      this.#end({ state: 'unanswered', reason: this.#failure });
    else if (heard === 'no_audio' && !interrupted)
      this.#end({ state: 'unanswered', reason: 'no_reply' });
    else this.#end({ state: interrupted ? 'interrupted' : 'answered', ...firstToken, ...times });
  }

  /** Something has failed for good: the open turn, or the one that is about to be asked, may get no answer. */
  failed(failure: TurnFailure): void {
    this.#failure ??= failure;
  }

  /** The call ends. */
  close(): void {
    if (this.#open === undefined) return;
    const { replied, interrupted } = this.#open;
    const silent = replied && !interrupted && !this.#replying;
    this.#end({
      state: 'unanswered',
      reason: this.#failure ?? (silent ? 'no_reply' : 'call_ended'),
    });
  }

  #ask(times: TurnTimes): void {
    this.#supersede();
    // With preemptive generation a reply begins, and may fail, before the turn is over.
    if (!this.#replying) this.#failure = undefined;
    this.#open = {
      interrupted: false,
      replied: false,
      replies: [...this.#replies],
      firstToken: {},
    };
    this.#report({ state: 'asked', ...times });
  }

  /** The caller speaks again before the open turn has got an answer. */
  #supersede(): void {
    if (this.#open === undefined) return;
    if (this.#failure !== undefined) this.#end({ state: 'unanswered', reason: this.#failure });
    else if (this.#open.interrupted || [...this.#replies].some((reply) => reply.interrupted))
      this.#end({ state: 'interrupted' });
    else this.#end({ state: 'unanswered', reason: 'no_reply' });
  }

  #end(turn: SessionTurn): void {
    this.#open = undefined;
    this.#failure = undefined;
    this.#report(turn);
  }
}
