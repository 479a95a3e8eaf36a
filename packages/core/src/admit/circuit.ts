import type { BreakerState } from '../call/breaker-change.js';
import type { CallWorth } from '../call/call-worth.js';

/** When a breaker opens and closes. All times are in milliseconds. */
export interface BreakerLimits {
  /** Only calls are counted of which something was heard within this time. */
  readonly windowMs: number;
  /** The least number of counted calls at which it opens. */
  readonly minCalls: number;
  /** The share of them without an answer at which it opens, above 0 and at most 1. */
  readonly failureRatio: number;
  /** How long it stays open, before one call is tried. */
  readonly cooldownMs: number;
  /** A call that is tried and in which nothing is asked closes it after this time without an error. */
  readonly probeMs: number;
}

/** A call that a breaker judges. */
export interface JudgedCall {
  readonly jobId: string;
  readonly agent: string;
  /** When it was assigned, in milliseconds of `performance.now()`. */
  readonly since: number;
}

interface Judged {
  at: number;
  readonly agent: string;
  bad: boolean;
}

/** The call that is tried. */
interface Probe {
  readonly jobId: string;
  timer?: NodeJS.Timeout;
}

// More say no more, and a window may be long.
const MOST_CALLS = 200;

/** Options of {@link Circuit}. */
export interface CircuitOptions {
  readonly limits: BreakerLimits;
  /** Whether a call has a place: accepted or running. */
  readonly isHere: (jobId: string) => boolean;
  /** Whether these calls together are reason to open, when there are enough without an answer. Default: always. */
  readonly opensFor?: (calls: readonly Readonly<Judged>[]) => boolean;
  /** Told of each change of the state. */
  readonly onChange: (state: BreakerState, circuit: Circuit) => void;
}

/** The breaker of one group of calls: counts them, and refuses further ones for a while when too many had no answer. */
export class Circuit implements Disposable {
  readonly #options: CircuitOptions;
  readonly #calls = new Map<string, Judged>();
  #state: BreakerState = 'closed';
  #openedAt = 0;
  #probe: Probe | undefined;
  #counted = { bad: 0, all: 0 };

  constructor(options: CircuitOptions) {
    this.#options = options;
  }

  /** The state now. */
  get state(): BreakerState {
    return this.#state;
  }

  /** The calls that were counted when it was last looked at, and those of them without an answer. */
  get counted(): { readonly bad: number; readonly all: number } {
    return this.#counted;
  }

  /** Whether it knows nothing that matters any more. */
  get idle(): boolean {
    return this.#state === 'closed' && this.#recent().length === 0;
  }

  /** Why another call is refused now; undefined: it is not. */
  refuses(): string | undefined {
    if (this.#state === 'closed') return undefined;
    const { limits, isHere } = this.#options;
    if (this.#state === 'open') {
      const left = this.#openedAt + limits.cooldownMs - performance.now();
      if (left > 0) return `new ones are refused for ${Math.ceil(left / 1_000)} s more`;
      return undefined;
    }
    // One that was accepted and never came has decided nothing.
    return this.#probe !== undefined && isHere(this.#probe.jobId)
      ? 'one is tried, and it has not shown yet whether they are answered again'
      : undefined;
  }

  /** A call is accepted. After the cooldown, it is the one that is tried. */
  take(jobId: string): void {
    if (this.#state === 'closed') return;
    this.#probe = { jobId };
    if (this.#state === 'open') this.#enter('half_open');
  }

  /** What a call is worth so far; the last word when it has ended. */
  judge(call: JudgedCall, worth: CallWorth, ended: boolean): void {
    if (this.#state === 'closed') this.#count(call, worth);
    // Those from before say nothing about now.
    else if (this.#state === 'half_open' && this.#probe?.jobId === call.jobId)
      this.#try(this.#probe, worth, ended);
  }

  /** Forgets everything. */
  [Symbol.dispose](): void {
    clearTimeout(this.#probe?.timer);
    this.#calls.clear();
  }

  #count({ jobId, agent, since }: JudgedCall, worth: CallWorth): void {
    if (worth === 'unknown' || since < this.#openedAt) return;
    // The newest is last.
    this.#calls.delete(jobId);
    const bad = worth !== 'answered';
    this.#calls.set(jobId, { at: performance.now(), agent, bad });
    if (this.#calls.size > MOST_CALLS) this.#calls.delete([...this.#calls.keys()][0] ?? '');
    if (!bad) return;
    const { minCalls, failureRatio } = this.#options.limits;
    const calls = this.#recent();
    this.#counted = { bad: calls.filter((each) => each.bad).length, all: calls.length };
    if (calls.length < minCalls || this.#counted.bad < failureRatio * calls.length) return;
    if (this.#options.opensFor?.(calls) ?? true) this.#open();
  }

  #try(probe: Probe, worth: CallWorth, ended: boolean): void {
    if (worth === 'answered') this.#close();
    else if (worth !== 'unknown') {
      this.#counted = { bad: 1, all: 1 };
      this.#open();
    } else if (ended) {
      clearTimeout(probe.timer);
      this.#probe = undefined;
    } else probe.timer ??= setTimeout(() => this.#close(), this.#options.limits.probeMs).unref();
  }

  #recent(): readonly Judged[] {
    const from = performance.now() - this.#options.limits.windowMs;
    for (const [jobId, { at }] of this.#calls) if (at < from) this.#calls.delete(jobId);
    return [...this.#calls.values()];
  }

  #open(): void {
    this.#openedAt = performance.now();
    this.#enter('open');
  }

  #close(): void {
    this.#openedAt = performance.now();
    this.#enter('closed');
  }

  #enter(state: BreakerState): void {
    if (state !== 'half_open') {
      clearTimeout(this.#probe?.timer);
      this.#probe = undefined;
      this.#calls.clear();
    }
    this.#state = state;
    this.#options.onChange(state, this);
  }
}
