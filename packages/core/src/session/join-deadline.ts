import { OpenRtcError, isOpenRtcError, messageOf } from '../base/errors.js';
import { cpuWaitMs } from '../base/cpu-wait.js';
import { timeBox } from '../base/time-box.js';
import { CallEnded, type SessionEnd } from '../call/session-end.js';

type LateCode =
  | 'SESSION_JOIN_TIMEOUT'
  | 'SESSION_AGENT_FAILED'
  | 'SESSION_PROVIDER_FAILED'
  | 'SESSION_TENANT_FAILED'
  | 'SESSION_START_FAILED';

// A wait for a CPU that is too short to matter.
const SHORT_WAIT_MS = 20;

/**
 * The time in which a call must have joined its room and started its session. Time in which this process had to wait
 * for a CPU does not count.
 */
export class JoinDeadline {
  readonly #end: SessionEnd;
  readonly #cpuWait: () => number | undefined;
  #deadline: number;
  #waitedMs: number;

  /**
   * @param joinTimeoutMs - milliseconds from now, for all steps together
   * @param cpuWait - how long this process has waited for a CPU so far, in milliseconds; undefined if unknown
   */
  constructor(
    end: SessionEnd,
    joinTimeoutMs: number,
    cpuWait: () => number | undefined = cpuWaitMs,
  ) {
    this.#end = end;
    this.#deadline = performance.now() + joinTimeoutMs;
    this.#cpuWait = cpuWait;
    this.#waitedMs = cpuWait() ?? 0;
  }

  /**
   * Runs one step and returns its result.
   * @param failure - names what did not happen, for the error
   * @param late - the code of the error past the deadline. Default: `SESSION_JOIN_TIMEOUT`
   * @throws OpenRtcError with `late` past the deadline; an `OpenRtcError` of the step unchanged, any other
   * error with `code`; CallEnded when the call ended meanwhile
   */
  async run<T>(
    code: 'SESSION_JOIN_FAILED' | 'SESSION_START_FAILED' | 'SESSION_TENANT_FAILED',
    failure: string,
    step: () => Promise<T>,
    late: () => LateCode = () => 'SESSION_JOIN_TIMEOUT',
  ): Promise<T> {
    const work = (async () => step())();
    // The time box is the outer one: so it ends with the call and leaves no timer.
    const within = (ms: number) => timeBox(ms, () => this.#end.orEnded(work));
    let ran = await within(Math.max(0, this.#deadline - performance.now()));
    while (ran.kind === 'timeout') {
      const more = this.#extension();
      if (more === 0) break;
      ran = await within(more);
    }
    switch (ran.kind) {
      case 'done':
        return ran.value;
      case 'timeout':
        throw new OpenRtcError(late(), `${failure} before the join deadline.`);
      case 'failed':
        if (isOpenRtcError(ran.error) || ran.error instanceof CallEnded) throw ran.error;
        throw new OpenRtcError(code, `${failure}: ${messageOf(ran.error)}`, { cause: ran.error });
    }
  }

  /** How much later the deadline is since it was asked last, because this process waited for a CPU. */
  #extension(): number {
    const waited = this.#cpuWait() ?? this.#waitedMs;
    const more = waited - this.#waitedMs;
    if (more < SHORT_WAIT_MS) return 0;
    this.#waitedMs = waited;
    this.#deadline += more;
    return more;
  }
}
