import type { ResolvedProcesses } from './options.js';

const DEMAND_MS = 10_000;
const MOST_IDLE = 4;

export interface IdleFacts {
  /** Processes with calls. */
  readonly active: number;
  /** Calls that could still be placed in those, when they are not grouped. */
  readonly freeSeats: number;
  /** The pool's cap. */
  readonly maxConcurrentSessions: number;
  /** Processes that share the calls evenly, see placing.ts. */
  readonly spread: number;
  /** What the operating system can still give, in bytes; undefined where it cannot be asked. */
  readonly availableBytes: number | undefined;
  /** What a process with calls uses, in bytes, as far as is known. */
  readonly processBytes: number;
}

/** How many processes wait ready: as calls come, and as memory allows. */
export class IdleTarget {
  readonly #options: ResolvedProcesses;
  readonly #now: () => number;
  #calls: number[] = [];

  constructor(options: ResolvedProcesses, now = () => performance.now()) {
    this.#options = options;
    this.#now = now;
  }

  /** A call came. */
  called(): void {
    this.#calls.push(this.#now());
  }

  of(facts: IdleFacts): number {
    const { sessionsPerProcess, idleProcesses, groupOf } = this.#options;
    // Without groups, so many processes have room for all calls there can be.
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
      MOST_IDLE,
      Math.max(1, Math.ceil(this.#calls.length / sessionsPerProcess)),
    );
    // A seat that is free in a process that runs is as good as one in a process that waits.
    const seated = groupOf === undefined && facts.active >= facts.spread && facts.freeSeats > 0;
    return seated ? 0 : Math.min(wanted, useful);
  }
}
