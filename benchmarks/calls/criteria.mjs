import { median } from '../src/statistics.mjs';
import { isSlow, mostHeld, ofWorker } from './held.mjs';

/**
 * The targets of the project and whether the rows meet them: each `{ question, limit, measured, met }`; `met` is
 * undefined when a row is missing. `suffix` chooses the Node version of the workers: '' or '@24'.
 */
export function criteria(rows, suffix) {
  const at = (key, calls) =>
    rows.find((row) => row.key === key && row.calls === calls && row.failed === undefined);
  const ours = (calls) => at(`openrtc${suffix}`, calls);
  const agents = (calls) => at(`agents${suffix}`, calls);
  return [
    ...[7, 10].flatMap((calls) => [
      limit(`PSS per call at ${calls} calls`, 10, ours(calls)?.pssPerCallMb, 'MiB'),
      limit(
        'the same, relative to @livekit/agents',
        1 / 12,
        over(ours(calls)?.pssPerCallMb, agents(calls)?.pssPerCallMb),
        '×',
      ),
    ]),
    limit(
      'PSS of the idle worker, VAD ready',
      150,
      most(ofWorker(rows, `openrtc${suffix}`).map((row) => row.idlePssMb)),
      'MiB',
    ),
    limit(
      'CPU per call-minute at 7 calls, relative to @livekit/agents',
      0.5,
      over(ours(7)?.cpuSecondsPerCallMinute, agents(7)?.cpuSecondsPerCallMinute),
      '×',
    ),
    limit(
      'the same, relative to OpenRTC for Python',
      0.75,
      over(ours(7)?.cpuSecondsPerCallMinute, at('py-openrtc', 7)?.cpuSecondsPerCallMinute),
      '×',
    ),
    holds(rows, suffix),
    limit(
      'time from assignment to agent in the room, p50 at 5 calls, relative to @livekit/agents with a warm process for each call',
      0.5,
      over(joinP50(ours(5)), joinP50(at(`agents-8${suffix}`, 5))),
      '×',
    ),
    limit(
      'the same, p50 at 10 calls relative to p50 at 1 call',
      1.25,
      over(joinP50(ours(10)), joinP50(ours(1))),
      '×',
    ),
  ];
}

/** Median of the milliseconds from the assignment until the agent is in the room; null when no agent joined. */
function joinP50(row) {
  return row && median(row.joinMs.filter((ms) => ms !== null));
}

/** The memory that the turn detector adds to a worker; undefined when it was not measured. */
export function detectorMib(rows, suffix) {
  const [withIt] = ofWorker(rows, `openrtc-detector${suffix}`);
  const without = rows.find(
    (row) => row.key === `openrtc${suffix}` && row.calls === withIt?.calls && !row.failed,
  );
  if (withIt === undefined || withIt.failed || without === undefined) return undefined;
  return Math.round(withIt.peakPssMb - without.peakPssMb);
}

function holds(rows, suffix) {
  const ours = mostHeld(rows, `openrtc${suffix}`);
  const best = bestPeer(rows);
  const tried = Math.max(0, ...ofWorker(rows, `openrtc${suffix}`).map(({ calls }) => calls));
  const question = 'calls held, at least twice as many as the best peer';
  if (best === undefined || tried < 15)
    return { question, limit: '≥ 15', measured: 'not measured', met: undefined };
  const turns = ours === undefined ? 0 : ours.turns;
  return {
    question,
    limit: '≥ 15, over ≥ 300 turns',
    measured: `${ours?.calls ?? 0} over ${turns} turns; best peer: ${best.name}, ${best.calls}`,
    met: ours !== undefined && ours.calls >= 15 && turns >= 300 && ours.calls >= 2 * best.calls,
  };
}

/** The peer that held the most calls, and how many. */
function bestPeer(rows) {
  const peers = new Map(rows.filter(({ peer }) => peer).map(({ key, name }) => [key, name]));
  return [...peers]
    .map(([key, name]) => ({ name, calls: mostHeld(rows, key)?.calls ?? 0 }))
    .toSorted((a, b) => b.calls - a.calls)[0];
}

function limit(question, atMost, value, unit) {
  const shown = (number) =>
    `${Math.round(number * 1_000) / 1_000}${unit === '×' ? '' : ` ${unit}`}`;
  const known = typeof value === 'number' && Number.isFinite(value);
  return {
    question,
    limit: `≤ ${shown(atMost)}`,
    measured: known ? shown(value) : 'not measured',
    met: known ? value <= atMost : undefined,
  };
}

function over(value, other) {
  if (typeof value !== 'number' || typeof other !== 'number') return undefined;
  return value / other;
}

function most(values) {
  const known = values.filter((value) => typeof value === 'number');
  return known.length === 0 ? undefined : Math.max(...known);
}

/** Ratios of OpenRTC to a peer, for each number of calls that both were measured with. */
export function ratiosTo(rows, suffix, peerKey) {
  return ofWorker(rows, `openrtc${suffix}`).flatMap((ours) => {
    const peer = rows.find((row) => row.key === peerKey && row.calls === ours.calls);
    if (peer === undefined || peer.failed || ours.failed) return [];
    return [
      {
        calls: ours.calls,
        name: peer.name,
        peerSlow: isSlow(peer),
        cpu: over(ours.cpuSecondsPerCallMinute, peer.cpuSecondsPerCallMinute),
        pssPerCall: over(ours.pssPerCallMb, peer.pssPerCallMb),
        peakPss: over(ours.peakPssMb, peer.peakPssMb),
        join: over(joinP50(ours), joinP50(peer)),
        turnP99: over(ours.turnMsP99, peer.turnMsP99),
      },
    ];
  });
}
