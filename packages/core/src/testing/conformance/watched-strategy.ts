import { type PlainError, toPlainError } from '../../base/errors.js';
import type {
  Isolation,
  IsolationHost,
  IsolationStrategy,
  Placement,
} from '../../launch/isolation-strategy.js';
import type { HangUp } from '../../call/hang-up.js';
import type { Refusal } from '../../call/refusal.js';
import type { HangUpSignal } from '../../call/hang-up.js';
import type { Call } from '../../call/call.js';
import type { JobTicket } from '../../call/job-ticket.js';
import type { SessionEvent } from '../../call/session-event.js';

/** What was seen at the seam, in the order it happened. */
export type SeamEvent =
  | { readonly kind: 'opened' | 'open_failed' | 'disposing' | 'disposed' }
  | { readonly kind: 'reserved' | 'refused' | 'released' | 'run'; readonly jobId: string }
  | { readonly kind: SessionEvent['kind']; readonly jobId: string }
  | { readonly kind: 'settled'; readonly jobId: string; readonly error?: PlainError };

/** What a case does at the seam. */
export interface SeamHooks {
  /** The pool is told of an event only after this has resolved. */
  beforeReport?(event: SessionEvent): Promise<void>;
  /** Stands in for the strategy's own answer. */
  readonly reserve?: (call: Call) => Placement | Refusal;
  /** The signal a run gets, in place of the pool's. */
  signal?(signal: AbortSignal): AbortSignal;
}

/** Stands between a pool and the strategy under test and writes down what passes. */
export class WatchedStrategy implements IsolationStrategy {
  readonly name: string;
  readonly callMemoryMb?: number;
  readonly events: SeamEvent[] = [];
  readonly tickets = new Map<string, JobTicket>();
  /** The events of sessions, as they reached the pool. */
  readonly reported: SessionEvent[] = [];
  readonly #strategy: IsolationStrategy;
  readonly #hooks: SeamHooks;
  #isolation: Isolation | undefined;
  #host: IsolationHost | undefined;

  constructor(strategy: IsolationStrategy, hooks: SeamHooks) {
    this.#strategy = strategy;
    this.#hooks = hooks;
    this.name = strategy.name;
    if (strategy.callMemoryMb !== undefined) this.callMemoryMb = strategy.callMemoryMb;
  }

  /** What the strategy has opened. */
  get isolation(): Isolation {
    if (this.#isolation === undefined) throw new Error('the strategy is not open');
    return this.#isolation;
  }

  /** The host as the pool gave it. */
  get host(): IsolationHost {
    if (this.#host === undefined) throw new Error('the strategy is not open');
    return this.#host;
  }

  async open(host: IsolationHost, signal: AbortSignal): Promise<Isolation> {
    this.#host = host;
    const isolation = await this.#open(host, signal);
    this.#isolation = isolation;
    this.events.push({ kind: 'opened' });
    const reserve = this.#hooks.reserve ?? isolation.reserve?.bind(isolation);
    return {
      run: (ticket, signal) => this.#run(isolation, ticket, signal),
      ...optionalMembers(isolation),
      ...(reserve === undefined ? {} : { reserve: (call) => this.#reserve(call, reserve) }),
      [Symbol.asyncDispose]: async () => {
        this.events.push({ kind: 'disposing' });
        await isolation[Symbol.asyncDispose]();
        this.events.push({ kind: 'disposed' });
      },
    };
  }

  async #open(host: IsolationHost, signal: AbortSignal): Promise<Isolation> {
    try {
      return await this.#strategy.open(this.#watchedHost(host), signal);
    } catch (error) {
      this.events.push({ kind: 'open_failed' });
      throw error;
    }
  }

  /** What was seen of one job. */
  of(jobId: string): readonly SeamEvent[] {
    return this.events.filter((event) => 'jobId' in event && event.jobId === jobId);
  }

  async #run(isolation: Isolation, ticket: JobTicket, signal: HangUpSignal): Promise<void> {
    const { jobId } = ticket.info;
    this.tickets.set(jobId, ticket);
    this.events.push({ kind: 'run', jobId });
    try {
      await isolation.run(ticket, this.#hooks.signal?.(signal) ?? signal);
      this.events.push({ kind: 'settled', jobId });
    } catch (error) {
      this.events.push({ kind: 'settled', jobId, error: toPlainError(error) });
      throw error;
    }
  }

  #reserve(call: Call, reserve: (call: Call) => Placement | Refusal): Placement | Refusal {
    const { jobId } = call;
    const answer = reserve(call);
    this.events.push({ kind: 'refused' in answer ? 'refused' : 'reserved', jobId });
    if ('refused' in answer) return answer;
    return {
      release: () => {
        this.events.push({ kind: 'released', jobId });
        answer.release();
      },
    };
  }

  /** The same host, but every event on its way to the pool is seen, whichever way it takes. */
  #watchedHost(host: IsolationHost): IsolationHost {
    const report = async (event: SessionEvent) => {
      this.events.push({ kind: event.kind, jobId: event.jobId });
      this.reported.push(event);
      await this.#hooks.beforeReport?.(event);
      await host.report(event);
    };
    return {
      // What a strategy starts runs the one pool of the suite's entry. Here each case has one, and some have two.
      source: { ...host.source, pool: 0 },
      logger: host.logger,
      maxConcurrentSessions: host.maxConcurrentSessions,
      inference: host.inference,
      prewarm: (signal) => host.prewarm(signal),
      prepareChange: (change) => host.prepareChange(change),
      runSession: (ticket, signal, reportElsewhere = report) =>
        host.runSession(ticket, signal, reportElsewhere),
      report,
    };
  }
}

const OPTIONAL = ['processes', 'processCounts', 'idleMemoryBytes', 'prepareChange'] as const;

/** The members of an isolation that need not be there and are not watched. */
function optionalMembers(isolation: Isolation): Partial<Isolation> {
  const members = OPTIONAL.flatMap((name) => {
    const member = isolation[name]?.bind(isolation);
    return member === undefined ? [] : [[name, member] as const];
  });
  return Object.fromEntries(members) as Partial<Isolation>;
}

/** The pool's signal, with a deadline no later than `ms` after it aborted. */
export function hurried(signal: AbortSignal, ms: number): AbortSignal {
  const abort = new AbortController();
  const hurry = () => {
    const { reason } = signal.reason as HangUp;
    abort.abort({ reason, deadline: Date.now() + ms } satisfies HangUp);
  };
  if (signal.aborted) hurry();
  signal.addEventListener('abort', hurry, { once: true });
  return abort.signal;
}
