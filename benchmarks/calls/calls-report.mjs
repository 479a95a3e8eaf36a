import { markdownTable } from '../src/documents.mjs';
import { percentile } from '../src/statistics.mjs';
import { criteria, detectorMib, ratiosTo } from './criteria.mjs';
import { heldMeans, isSlow, mostHeld, ofWorker } from './held.mjs';

/** The whole of RESULTS.md. */
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
    `Held: ${heldMeans}. A worker whose turns were slow was not tried with more, those that the comparisons below take up to 10 calls excepted.`,
    heldTable(rows),
    '## What was to be reached',
    ...suffixes.flatMap((suffix) => answers(rows, suffix)),
    '## OpenRTC, coroutine, to its peers',
    'Below 1: OpenRTC takes less, or is faster. Where a peer was slow its CPU is that of less work than was asked of it.',
    ...suffixes.map((suffix) => ratioTable(rows, suffix)),
    '## The rows',
    ...[...new Set(rows.map(({ calls }) => calls))]
      .toSorted((a, b) => a - b)
      .flatMap((calls) => [
        `### ${calls} ${calls === 1 ? 'call' : 'calls'}`,
        rowTable(rows, calls),
      ]),
    '## How it is measured',
    ...how(run),
    '## What it does not say',
    ...limits(run),
  ].join('\n\n')}\n`;
}

function left({ missing }) {
  if (missing.length === 0) return [];
  return [`Left out: ${missing.map((reason) => reason.replace(/\.$/, '')).join('; ')}.`];
}

/** '' or '@24' of the rows of OpenRTC's headline. */
function suffixOf({ key, headline }) {
  return headline ? key.replace(/^[^@]*/, '') : undefined;
}

function heldTable(rows) {
  const workers = new Map(rows.map(({ key, name }) => [key, name]));
  return markdownTable(
    ['worker', 'calls held', 'turn p99 ms then', 'turns', 'tried with', 'why no more'],
    [...workers]
      // What was measured with one number of calls only says nothing about how many it holds.
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
      ['', 'to be', 'measured', 'met'],
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
          `The turn detector, once a worker and loaded by the first call that needs it, adds ${detector} MiB. (Turns are longer with it where it takes the sentence, which a machine has spoken, for unfinished: it waits for the whole 3 s.)`,
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
      `${nodeOf(rows, suffix)}, to`,
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
      'in the room ms p50 / most',
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
    `Each row is a worker that is started anew, on a livekit-server and with callers of its own. With each number of calls all workers take their turn before the next number, so that what the machine does over the length of a run is done to all. A row begins once nobody else has used the machine for some seconds, and is measured a second time when somebody came; what others used stands beside it. What livekit-agents for Python had used in processes that nobody waits for when it ends is among it.`,
    `Callers live in one process of their own, written on LiveKit's Go SDK. They send a sentence of ${facts.speechMs} ms that was encoded once, and tell sound from silence by the size of the packets that come back, so that they take little of the machine from the worker; what they and the server took stands in each row. They come ${facts.arrivalMs} ms apart, speak, wait for the answer (${facts.patienceMs / 1_000} s; then the turn is missed), and speak again ${facts.pauseMs / 1_000} s after their last word, or ${facts.silenceMs} ms after the agent's where that is later. They do not speak in chorus. Meanwhile they send comfort noise as browsers do.`,
    `The agent is the same everywhere: turns end by VAD (the SDK's own in Node, the Silero plugin in Python, loaded once a process), endpointing 0.5 to 3 s, nothing generated before that; a transcript 300 ms after the words, a model that takes 200 ms to its first of 20 words and 10 ms to each other one, and a voice that is two seconds of tone, there at once in pieces of 100 ms. So the floor of a turn is about a second. Nobody refuses a call because of load. All workers run with \`MALLOC_ARENA_MAX=2\` and in production mode.`,
    `A turn lasts from the caller's last packet with words in it to the first packet of the answer. "In the room" is from the assignment of the job to the agent's being active in its room, by the server's log; with one call, of ${1 + facts.moreJoins} calls one after the other. "First sound" is from the caller's wish to call to the agent's greeting, its token and its own way into the room included. PSS and CPU are of the worker's whole process tree; PSS every 2 s from the first arrival on, CPU while all callers talk, for most rows ${plan.seconds} s.`,
  ];
}

function limits({ plan, rows }) {
  const long = rows.filter(({ turns }) => turns >= 300);
  const exception =
    long.length === 0
      ? ''
      : ` Of 300 turns and more: ${long.map((row) => `${row.name} with ${row.calls} calls`).join(', ')}.`;
  return [
    `A p99 over the ${plan.seconds} s of most rows is their slowest turn.${exception} One run: compare within it.`,
    'Callers and server share the cores with the worker. A worker that has them to itself holds more calls; how many more is not measured here. The models are no models: what a real one costs in the worker, its network and its JSON, comes on top for everybody.',
  ];
}

function asked(row) {
  return row.turns + row.turnsMissed;
}

function oneLine(text) {
  return text.replaceAll(/\s+/g, ' ').replaceAll('|', '/').slice(0, 160);
}
