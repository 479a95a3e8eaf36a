/** The facts about a process that placing a call depends on. */
export interface Seats {
  /** Its current state. */
  readonly state: 'starting' | 'ready' | 'closing' | 'gone';
  /** The group of its calls; undefined if it has had no call. */
  readonly group: string | undefined;
  /** The calls in it. */
  readonly jobIds: { readonly size: number };
  /** True while its event loop is fully used by the calls it has. */
  readonly busy: boolean;
}

/** The limits for placing calls. */
export interface PlacingRules {
  /** Maximum number of calls in one process. */
  readonly sessionsPerProcess: number;
  /**
   * Number of processes that share the calls evenly before one of them gets a second call: one for each core, because
   * an event loop uses one core.
   */
  readonly spread: number;
}

/**
 * Chooses the process for a call; undefined: a new process is needed. Ready processes come before starting ones. While
 * fewer than `spread` processes have calls, an empty one is chosen, else the one with the fewest calls.
 */
export function place<P extends Seats>(
  processes: readonly P[],
  group: string | undefined,
  { sessionsPerProcess, spread }: PlacingRules,
): P | undefined {
  const fitting = processes.filter(
    (seats) =>
      isOpen(seats) &&
      !seats.busy &&
      seats.jobIds.size < sessionsPerProcess &&
      // Undefined: it has never had a call, so it contains nothing of another group.
      (seats.group === group || seats.group === undefined),
  );
  const busy = fitting.filter(({ jobIds }) => jobIds.size > 0);
  const idle = fitting
    .filter(({ jobIds }) => jobIds.size === 0)
    // A process that already belongs to the group cannot be used by another one.
    .sort((a, b) => Number(b.group === group) - Number(a.group === group));
  const active = processes.filter((seats) => isOpen(seats) && seats.jobIds.size > 0).length;
  const orders =
    active < spread
      ? [ready(idle), ready(busy), idle, busy]
      : [ready(busy), busy, ready(idle), idle];
  return fewest(orders.find((seats) => seats.length > 0) ?? []);
}

function isOpen({ state }: Seats): boolean {
  return state === 'starting' || state === 'ready';
}

function ready<P extends Seats>(seats: readonly P[]): readonly P[] {
  return seats.filter(({ state }) => state === 'ready');
}

function fewest<P extends Seats>(seats: readonly P[]): P | undefined {
  return seats.reduce<P | undefined>(
    (best, next) => (best === undefined || next.jobIds.size < best.jobIds.size ? next : best),
    undefined,
  );
}
