/** What placing a call needs to know of a process. */
export interface Seats {
  readonly state: 'starting' | 'ready' | 'closing' | 'gone';
  /** Whose calls it takes; undefined: it has had none. */
  readonly group: string | undefined;
  readonly jobIds: { readonly size: number };
  /** Its calls are all that its event loop carries. */
  readonly busy: boolean;
}

export interface PlacingRules {
  readonly sessionsPerProcess: number;
  /**
   * So many processes share the calls evenly before one of them takes a second: as many as there are cores,
   * because one event loop is one core.
   */
  readonly spread: number;
}

/**
 * The process a call goes to; undefined: to a new one. Ready before starting, then, while fewer than `spread`
 * have calls, one that has none; else the one with the fewest.
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
      // Blank: nothing of anybody is left in it.
      (seats.group === group || seats.group === undefined),
  );
  const busy = fitting.filter(({ jobIds }) => jobIds.size > 0);
  const idle = fitting
    .filter(({ jobIds }) => jobIds.size === 0)
    // One that is its group's already stays useful to nobody else.
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
