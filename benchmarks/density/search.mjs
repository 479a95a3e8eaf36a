// Event loop use to aim for: below the limit, so that the first number that does not hold is close to it.
const AIM = 0.68;

/**
 * Searches for the largest whole number that holds, to within a share of it (`within`). It searches upwards, by the
 * event loop use that is left: after an overload the backlog would affect the next attempt.
 */
export async function largestThatHolds({ first, most, within, probe, timeIsUp }) {
  const tried = [];
  let best;
  let fails = Number.POSITIVE_INFINITY;
  for (let next = Math.min(first, most); ;) {
    const row = await probe(next);
    tried.push({ number: next, ...row });
    if (row.holds) best = tried.at(-1);
    else fails = Math.min(fails, next);
    next = following({ best, fails, row, most, within });
    if (next === undefined) return { best, tried, complete: true };
    if (timeIsUp()) return { best, tried, complete: false };
  }
}

/** The next number to try; undefined when the answer is known. */
function following({ best, fails, row, most, within }) {
  if (best === undefined) {
    if (fails === 1) return undefined;
    const down = Math.min(0.9, Math.max(0.5, AIM / row.loopUse));
    return Math.max(1, Math.floor(fails * down));
  }
  const step = Math.max(1, Math.round(within * best.number));
  if (best.number === most || fails - best.number <= step) return undefined;
  if (fails < Number.POSITIVE_INFINITY) return Math.round((best.number + fails) / 2);
  const up = Math.round(best.number * (AIM / best.loopUse));
  return Math.min(most, best.number * 2, Math.max(best.number + step, up));
}
