/** A turn that takes longer is slow. */
const SLOW_MS = 2_000;
/** So much longer than with one call a turn may take where calls are held well. */
const WORSE_THAN_ONE = 1.5;

/** What "held" means, in words. */
export const heldMeans = `no call and no turn without an answer, the p99 of turns at most ${SLOW_MS / 1_000} s and at most ${WORSE_THAN_ONE} times that of one call; and so with every smaller number of calls that was tried`;

/** Whether a worker had too much to do: calls or turns that nobody answered, or turns that were slow. */
export function isSlow(row) {
  return (
    row.failed !== undefined ||
    row.callsAnswered < row.calls ||
    row.turnsMissed > 0 ||
    row.turnMsP99 > SLOW_MS
  );
}

/** The row with the most calls that a worker held well, all smaller ones included; undefined for none. */
export function mostHeld(rows, key) {
  const [one, ...more] = ofWorker(rows, key);
  if (one === undefined || isSlow(one)) return undefined;
  const broke = more.findIndex(
    (row) => isSlow(row) || row.turnMsP99 > WORSE_THAN_ONE * one.turnMsP99,
  );
  return [one, ...(broke === -1 ? more : more.slice(0, broke))].at(-1);
}

/** The rows of a worker, fewest calls first. */
export function ofWorker(rows, key) {
  return rows.filter((row) => row.key === key).toSorted((a, b) => a.calls - b.calls);
}
