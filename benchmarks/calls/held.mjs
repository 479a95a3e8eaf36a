/** Turns are slow when their p99 is above this. */
const SLOW_MS = 2_000;
/** Calls are held while the p99 of turns is at most this many times the p99 with one call. */
const WORSE_THAN_ONE = 1.5;

/** The definition of "held" for reports. */
export const heldMeans = `every call and every turn was answered, and the p99 of turns was at most ${SLOW_MS / 1_000} s and at most ${WORSE_THAN_ONE} times that with one call; the same was true with every smaller number of calls that was tried`;

/** Whether a worker was overloaded: calls or turns were not answered, or turns were slow. */
export function isSlow(row) {
  return (
    row.failed !== undefined ||
    row.callsAnswered < row.calls ||
    row.turnsMissed > 0 ||
    row.turnMsP99 > SLOW_MS
  );
}

/** The row with the most calls that a worker held, see {@link heldMeans}; undefined when it held none. */
export function mostHeld(rows, key) {
  const [one, ...more] = ofWorker(rows, key);
  if (one === undefined || isSlow(one)) return undefined;
  const broke = more.findIndex(
    (row) => isSlow(row) || row.turnMsP99 > WORSE_THAN_ONE * one.turnMsP99,
  );
  return [one, ...(broke === -1 ? more : more.slice(0, broke))].at(-1);
}

/** The rows of a worker, ordered by number of calls. */
export function ofWorker(rows, key) {
  return rows.filter((row) => row.key === key).toSorted((a, b) => a.calls - b.calls);
}
