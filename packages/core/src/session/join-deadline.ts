import { OpenRtcError, isOpenRtcError, messageOf } from '../base/errors.js';
import { timeBox } from '../base/time-box.js';
import { CallEnded, type SessionEnd } from '../call/session-end.js';

/** The time in which a call must have joined its room and started its session. */
export class JoinDeadline {
  readonly #end: SessionEnd;
  readonly #deadline: number;

  /** @param joinTimeoutMs - milliseconds from now, for all steps together */
  constructor(end: SessionEnd, joinTimeoutMs: number) {
    this.#end = end;
    this.#deadline = performance.now() + joinTimeoutMs;
  }

  /**
   * Runs one step and returns its result.
   * @param failure - names what did not happen, for the error
   * @throws OpenRtcError `SESSION_JOIN_TIMEOUT` past the deadline; an `OpenRtcError` of the step unchanged, any other
   * error with `code`; CallEnded when the call ended meanwhile
   */
  async run<T>(
    code: 'SESSION_JOIN_FAILED' | 'SESSION_START_FAILED',
    failure: string,
    step: () => Promise<T>,
  ): Promise<T> {
    const left = Math.max(0, this.#deadline - performance.now());
    // The time box is the outer one: so it ends with the call and leaves no timer.
    const ran = await timeBox(left, () => this.#end.orEnded(step()));
    switch (ran.kind) {
      case 'done':
        return ran.value;
      case 'timeout':
        throw new OpenRtcError('SESSION_JOIN_TIMEOUT', `${failure} before the join deadline.`);
      case 'failed':
        if (isOpenRtcError(ran.error) || ran.error instanceof CallEnded) throw ran.error;
        throw new OpenRtcError(code, `${failure}: ${messageOf(ran.error)}`, { cause: ran.error });
    }
  }
}
