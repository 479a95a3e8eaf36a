import { rowsOf } from './plan.mjs';
import { SESSION_MB } from './stub-rows.mjs';
import { spread } from '../src/statistics.mjs';

/** The stub workload by number of sessions, from 0: `key` (`pssMb`, `rssMb`) of `when` (`touched`, `allocated`). */
export function stubFigures({ rows, options: { counts } }, when, key) {
  const of = (row) => row[when][key];
  const climbs = rowsOf(rows, 'stub process').map((climb) => climb.rows);
  const all = [0, ...counts].map((sessions) => ({
    sessions,
    coroutine: spread(rowsOf(rows, `stub coroutine ${sessions}`).map(of)),
    process: spread(
      climbs.flatMap((levels) => levels.filter((row) => row.sessions === sessions)).map(of),
    ),
  }));
  // With 0 sessions the worker has one idle process, which the first call gets.
  const alone = {
    coroutine: all[0].coroutine,
    process: spread(climbs.map(([none]) => none.alone[key])),
  };
  const each = (isolation, { sessions, [isolation]: found }) =>
    sessions === 0 || found === undefined || alone[isolation] === undefined
      ? undefined
      : (found.median - alone[isolation].median) / sessions;
  for (const row of all) {
    row.coroutineEach = each('coroutine', row);
    row.processEach = each('process', row);
  }
  const last = all.findLast(({ processEach }) => processEach !== undefined);
  for (const row of all.filter(({ process }) => process === undefined)) {
    if (last !== undefined)
      row.extrapolated = alone.process.median + row.sessions * last.processEach;
  }
  return all;
}

/** The largest number of sessions that was measured both ways. */
export function largestBoth(figures) {
  return figures.findLast(
    ({ coroutineEach, processEach }) => coroutineEach !== undefined && processEach !== undefined,
  );
}

/** The memory a session uses in addition to what it was told to hold. */
export function beyondHeld(each) {
  return each - SESSION_MB;
}

/** The figures of the spoken workload for each number of sessions, over all runs. */
export function talkingFigures({ rows, options: { counts } }) {
  const most = Math.max(...counts);
  return counts.map((sessions) => {
    const found = rowsOf(rows, `talking ${sessions}`).flatMap((row) =>
      sessions !== most ? [row] : row.whole === undefined ? [] : [{ ...row, ...row.whole }],
    );
    // A row without any answer has no turn time.
    const of = (pick) => spread(found.map(pick).filter((value) => value !== null));
    return {
      sessions,
      runs: found.length,
      fraction: of(({ atOnce }) => atOnce / sessions),
      pss: of(({ pssMb }) => pssMb),
      rss: of(({ rssMb }) => rssMb),
      touched: of(({ pssMb, untouchedMb }) => pssMb + untouchedMb),
      heard: of(({ heardSeconds }) => heardSeconds),
      loopUse: of(({ loopUse }) => loopUse),
      lagP99: of(({ lagP99Ms }) => lagP99Ms),
      turnP50: of(({ turnP50Ms }) => turnP50Ms),
      cpuCores: of(({ cpuCores }) => cpuCores),
      turns: found.map(({ turnsAnswered, turnsDue }) => [turnsAnswered, turnsDue]),
      talked: Math.min(sessions, ...found.map(({ talked }) => talked)),
      saturated: found.some(({ saturated }) => saturated),
      holds: found.length > 0 && found.every(({ holds }) => holds),
    };
  });
}

/** Results of the searches: the share of real time with the most sessions, and the most sessions in real time. */
export function searchFigures({ rows, options: { counts } }) {
  const most = Math.max(...counts);
  const wholes = rowsOf(rows, `talking ${most}`).flatMap(({ whole }) => whole ?? []);
  const realTime = rowsOf(rows, 'real time').flatMap(({ best }) => best ?? []);
  return {
    most,
    fraction: spread(wholes.filter(({ holds }) => holds).map(({ atOnce }) => atOnce / most)),
    realTime: spread(realTime.map(({ number }) => number)),
  };
}
