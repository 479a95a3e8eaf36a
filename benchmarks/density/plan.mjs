import { coroutineRow, processRows } from './stub-rows.mjs';
import { searchAtOnce, searchRealTime, talkingRow } from './spoken-rows.mjs';

/**
 * The steps of a run in their order, round by round, so that a run that runs out of time has some of everything.
 * `seconds` is what a step took on two cores; `run` gets the rows measured before and the seconds left.
 */
export function plan({ counts, rounds, processesTo, measureMs }) {
  const most = Math.max(...counts);
  return Array.from({ length: rounds }, (_, round) => {
    const id = (what) => `${what} #${round + 1}`;
    const top = processesTo[Math.min(round, processesTo.length - 1)];
    const levels = counts.filter((count) => count <= top);
    return [
      ...[0, ...counts].map((sessions) => ({
        id: id(`stub coroutine ${sessions}`),
        seconds: 5 + sessions / 40,
        run: () => coroutineRow(sessions),
      })),
      {
        id: id('stub process'),
        seconds: 15 + 1.15 * Math.max(0, ...levels),
        run: (context) => processRows(levels, context),
      },
      {
        id: id(`talking ${most}`),
        seconds: 125,
        run: ({ done, ...context }) =>
          searchAtOnce({
            ...context,
            sessions: most,
            measureMs,
            ...range(done(`talking ${most}`), { first: Math.ceil(most * 0.06), most }),
          }),
      },
      ...counts
        .filter((sessions) => sessions < most)
        .map((sessions) => ({
          id: id(`talking ${sessions}`),
          seconds: 21,
          run: ({ done, log }) => {
            const limit = lastFound(done(`talking ${most}`)) ?? sessions;
            return talkingRow({ sessions, atOnce: Math.min(sessions, limit), measureMs, log });
          },
        })),
      {
        id: id('real time'),
        seconds: 55,
        run: ({ done, ...context }) =>
          searchRealTime({
            ...context,
            measureMs,
            ...range(done('real time'), {
              first: lastFound(done(`talking ${most}`)) ?? 10,
              most,
            }),
          }),
      },
    ];
  }).flat();
}

/** The rows of a step in all rounds in which it was measured. */
export function rowsOf(rows, what) {
  return Object.entries(rows)
    .filter(([id, row]) => id.startsWith(`${what} #`) && row.failed === undefined)
    .map(([, row]) => row);
}

/** The number of callers on the line that held, by the last search with a result. */
function lastFound(searches) {
  return searches
    .map(({ best, whole }) => (whole?.holds === true ? whole.atOnce : best?.number))
    .findLast((found) => found !== undefined);
}

/** The first round searches; later rounds try the number it found, and fewer if that does not hold. */
function range(searches, { first, most }) {
  const found = lastFound(searches);
  return found === undefined ? { first, most } : { first: found, most: found };
}
