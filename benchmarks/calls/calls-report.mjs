import { markdownTable } from '../src/documents.mjs';
import { percentile } from '../src/statistics.mjs';
import { criteria, detectorMib, ratiosTo } from './criteria.mjs';
import { heldMeans, isSlow, mostHeld, ofWorker } from './held.mjs';

/** The text of RESULTS.md. */
export function report(run) {
  const { rows } = run;
  const suffixes = [...new Set(rows.map(suffixOf).filter((each) => each !== undefined))];
  return `${[
    '# What real calls cost, and how many a worker holds',
    `Written by \`${run.command}\` on ${run.date.slice(0, 10)}. Raw figures: [results.json](results.json).`,
    `Machine: ${run.machine}.`,
    `Versions: ${Object.entries(run.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
    ...left(run),
    '![CPU, memory and turns by number of calls](plot.svg)',
    '## How many calls each worker held',
    `Held means: ${heldMeans}. A worker whose turns were slow was not tried with more calls, except for the workers that the comparisons below need with up to 10 calls.`,
    heldTable(rows),
    '## Targets',
    ...suffixes.flatMap((suffix) => answers(rows, suffix)),
    '## OpenRTC, coroutine, compared with its peers',
    'Ratios: below 1, OpenRTC uses less or is faster. Where a peer was slow, its CPU time is for less work than it was asked to do.',
    ...suffixes.map((suffix) => ratioTable(rows, suffix)),
    '## All rows',
    ...[...new Set(rows.map(({ calls }) => calls))]
      .toSorted((a, b) => a - b)
      .flatMap((calls) => [
        `### ${calls} ${calls === 1 ? 'call' : 'calls'}`,
        rowTable(rows, calls),
      ]),
    '## How it is measured',
    ...how(run),
    '## What this does not show',
    ...limits(run),
  ].join('\n\n')}\n`;
}

function left({ missing }) {
  if (missing.length === 0) return [];
  return [`Left out: ${missing.map((reason) => reason.replace(/\.$/, '')).join('; ')}.`];
}

/** The suffix of the headline's key, '' or '@24'; undefined for other rows. */
function suffixOf({ key, headline }) {
  return headline ? key.replace(/^[^@]*/, '') : undefined;
}

function heldTable(rows) {
  const workers = new Map(rows.map(({ key, name }) => [key, name]));
  return markdownTable(
    ['worker', 'calls held', 'turn p99 then, ms', 'turns', 'tried with up to', 'why not more'],
    [...workers]
      // A worker that was measured with one number of calls only: how many it holds is not known.
      .filter(([key]) => !ofWorker(rows, key)[0].once)
      .map(([key, name]) => {
        const all = ofWorker(rows, key);
        const most = mostHeld(rows, key);
        const next = all.find(({ calls }) => calls > (most?.calls ?? 0));
        return [
          name,
          most?.calls ?? 0,
          most?.turnMsP99 ?? '–',
          most?.turns ?? '–',
          all.at(-1).calls,
          next === undefined ? 'not tried' : whyNot(next),
        ];
      }),
  );
}

function whyNot(row) {
  const at = `with ${row.calls}: `;
  if (row.failed) return `${at}failed`;
  if (row.callsAnswered < row.calls)
    return `${at}${row.calls - row.callsAnswered} calls without an agent`;
  if (row.turnsMissed > 0) return `${at}${row.turnsMissed} of ${asked(row)} turns missed`;
  return `${at}turn p99 ${row.turnMsP99} ms`;
}

function answers(rows, suffix) {
  const met = (each) => (each === undefined ? '–' : each ? 'yes' : 'no');
  const detector = detectorMib(rows, suffix);
  return [
    `${nodeOf(rows, suffix)}:`,
    markdownTable(
      ['', 'target', 'measured', 'met'],
      criteria(rows, suffix).map((each) => [
        each.question,
        each.limit,
        each.measured,
        met(each.met),
      ]),
    ),
    ...(detector === undefined
      ? []
      : [
          `The turn detector adds ${detector} MiB, once per worker, when the first call needs it. (Turns take longer with it when it judges the sentence, which is synthetic speech, to be unfinished: then it waits for the full 3 s.)`,
        ]),
  ];
}

function nodeOf(rows, suffix) {
  const { node } = rows.find((row) => suffixOf(row) === suffix);
  return `OpenRTC on Node ${node}`;
}

function ratioTable(rows, suffix) {
  const peers = [
    `agents${suffix}`,
    ...(rows.some(({ key }) => key === `agents-8${suffix}`) ? [`agents-8${suffix}`] : []),
    'py-openrtc',
    'py-agents',
  ];
  const two = (value) => value?.toFixed(2) ?? '–';
  const ratios = peers.flatMap((key) => ratiosTo(rows, suffix, key));
  return markdownTable(
    [
      `${nodeOf(rows, suffix)}, compared with`,
      'calls',
      'CPU per call-minute',
      'PSS per call',
      'peak PSS',
      'in the room, p50',
      'turn p99',
    ],
    ratios.map((each) => [
      `${each.name}${each.peerSlow ? ' (slow)' : ''}`,
      each.calls,
      ...[each.cpu, each.pssPerCall, each.peakPss, each.join, each.turnP99].map(two),
    ]),
  );
}

function rowTable(rows, calls) {
  return markdownTable(
    [
      'worker',
      'PSS MiB idle / peak',
      'per call',
      'processes',
      'CPU-s per call-minute',
      'in the room ms p50 / max',
      'first sound ms p50',
      'turn ms p50 / p95 / p99',
      'turns missed',
      'cores: worker / callers / server / others',
    ],
    rows
      .filter((row) => row.calls === calls)
      .map((row) => {
        if (row.failed) return [row.name, `failed: ${oneLine(row.failed)}`, ...Array(8).fill('–')];
        const joins = row.joinMs.filter((ms) => ms !== null);
        const middle = (values) => percentile(values, 0.5) ?? '–';
        return [
          isSlow(row) && !row.once ? `${row.name} (slow)` : row.name,
          `${row.idlePssMb} / ${row.peakPssMb}`,
          row.pssPerCallMb,
          row.peakProcesses,
          row.cpuSecondsPerCallMinute,
          `${middle(joins)} / ${joins.length === 0 ? '–' : Math.max(...joins)}`,
          middle(row.firstAudioMs.filter((ms) => ms !== null)),
          `${row.turnMsP50} / ${row.turnMsP95} / ${row.turnMsP99}`,
          `${row.turnsMissed} of ${asked(row)}`,
          [row.workerCores, row.callersCores, row.serverCores, row.othersCores].join(' / '),
        ];
      }),
  );
}

function how({ how: facts, plan }) {
  return [
    `Each row is a new worker, with a livekit-server and callers of its own. All workers take their turn with one number of calls before the next number, so that changes of the machine during a run affect all of them. A row starts once nothing else has used the machine for some seconds, and is measured a second time if something else used it meanwhile; the row shows how much. This includes the CPU time of processes that livekit-agents for Python leaves running when it ends.`,
    `Callers run in one process of their own, written with LiveKit's Go SDK. They send a sentence of ${facts.speechMs} ms that was encoded once, and tell sound from silence by the size of the packets they receive, so they take little CPU time from the worker; each row shows what they and the server used. Callers arrive ${facts.arrivalMs} ms apart, speak, wait for the answer (${facts.patienceMs / 1_000} s; after that the turn is missed), and speak again ${facts.pauseMs / 1_000} s after their last word, or ${facts.silenceMs} ms after the agent's if that is later. They do not all speak at the same time. In between they send comfort noise, as browsers do.`,
    `The agent is the same everywhere: turns end by VAD (the SDK's own in Node, the Silero plugin in Python, loaded once per process), endpointing takes 0.5 to 3 s, and nothing is generated before the turn has ended. The transcript comes 300 ms after the words. The model takes 200 ms for the first of 20 words and 10 ms for each of the others. The voice is two seconds of tone, available at once in pieces of 100 ms. So a turn takes about one second at least. No worker refuses a call because of load. All workers run with \`MALLOC_ARENA_MAX=2\` and in production mode.`,
    `A turn lasts from the caller's last packet with words to the first packet of the answer. "In the room" is the time from the assignment of the job until the agent is active in its room, by the server's log; with one call, of ${1 + facts.moreJoins} calls one after the other. "First sound" is the time from the start of the call until the caller hears the agent's greeting, including the caller's token and its join. PSS and CPU are those of the worker's whole process tree: PSS every 2 s from the first arrival on, CPU while all callers talk, for most rows ${plan.seconds} s.`,
  ];
}

function limits({ plan, rows }) {
  const long = rows.filter(({ turns }) => turns >= 300);
  const exception =
    long.length === 0
      ? ''
      : ` Rows with 300 turns or more: ${long.map((row) => `${row.name} with ${row.calls} calls`).join(', ')}.`;
  return [
    `Over the ${plan.seconds} s of most rows, the p99 is the slowest turn.${exception} This is one run: compare figures only within it.`,
    'Callers and server share the cores with the worker. A worker that has the cores to itself holds more calls; how many more is not measured here. The models are simulated. What a real one costs in the worker, for network and JSON, comes on top for every worker.',
  ];
}

function asked(row) {
  return row.turns + row.turnsMissed;
}

function oneLine(text) {
  return text.replaceAll(/\s+/g, ' ').replaceAll('|', '/').slice(0, 160);
}
