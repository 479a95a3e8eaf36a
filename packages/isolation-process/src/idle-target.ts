import type { ResolvedProcesses } from './options.js';

const DEMAND_MS = 10_000;
const MAX_IDLE = 4;

/** The facts that {@link IdleTarget} depends on. */
export interface IdleFacts {
  /** Number of processes with calls. */
  readonly active: number;
  /** Number of calls that could still be placed in them, ignoring groups. */
  readonly freeSeats: number;
  /** The maximum number of calls of the pool. */
  readonly maxConcurrentSessions: number;
  /** Number of processes that share the calls evenly, see placing.ts. */
  readonly spread: number;
  /** Available memory of the operating system in bytes; undefined if unknown. */
  readonly availableBytes: number | undefined;
  /** Memory that a process with calls needs, in bytes, as far as known. */
  readonly processBytes: number;
}

/** Decides how many processes should be ready without a call, from the rate of calls and the available memory. */
export class IdleTarget {
  readonly #options: ResolvedProcesses;
  readonly #now: () => number;
  #calls: number[] = [];

  /** @param now - the monotonic clock in milliseconds */
  constructor(options: ResolvedProcesses, now = () => performance.now()) {
    this.#options = options;
    this.#now = now;
  }

  /** Counts an incoming call. */
  countCall(): void {
    this.#calls.push(this.#now());
  }

  /** The number of processes that should be ready without a call. */
  of(facts: IdleFacts): number {
    const { sessionsPerProcess, idleProcesses, groupOf } = this.#options;
    // Without groups, this many processes are enough for the maximum number of calls.
    const useful =
      groupOf === undefined
        ? Math.max(0, Math.ceil(facts.maxConcurrentSessions / sessionsPerProcess) - facts.active)
        : facts.maxConcurrentSessions;
    if (idleProcesses !== undefined) return Math.min(idleProcesses, useful);
    const { availableBytes, processBytes } = facts;
    if (availableBytes !== undefined && availableBytes < 2 * processBytes) return 0;
    const since = this.#now() - DEMAND_MS;
    this.#calls = this.#calls.filter((at) => at > since);
    const wanted = Math.min(
      MAX_IDLE,
      Math.max(1, Math.ceil(this.#calls.length / sessionsPerProcess)),
    );
    // A free seat in a running process is as good as a waiting process.
    const seated = groupOf === undefined && facts.active >= facts.spread && facts.freeSeats > 0;
    return seated ? 0 : Math.min(wanted, useful);
  }
}
