// Measures what real calls cost and how many a worker holds: OpenRTC, the SDKs themselves and OpenRTC for Python, with
// growing numbers of calls in one run. Writes RESULTS.md, results.json and plot.svg in this folder, and the tables in
// README.md and docs/speed.md.
import { findServerBinary } from '@openrtc/test-rig';
import { undisturbed } from '../src/machine.mjs';
import { writeBlock } from '../src/documents.mjs';
import { buildCallers } from './build-callers.mjs';
import { ONCE_AT, contenders, workerKeys } from './contenders.mjs';
import { describeRun } from './describe-run.mjs';
import { isSlow } from './held.mjs';
import { MANNERS, measureRow } from './measure-row.mjs';
import { readOptions } from './options.mjs';
import { plot } from './calls-plot.mjs';
import { report } from './calls-report.mjs';
import { PartialResults, readResults, writeDocument } from './results-file.mjs';
import { speechPackets } from './speech-packets.mjs';
import { summary } from './summary.mjs';

// How long the machine must be quiet before a row, and how often a disturbed row is measured.
const WATCH = { quietForS: 4, mostTries: 2 };

// Without these handlers a signal would end this process without its 'exit' event, which kills the workers.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));

const args = process.argv.slice(2);
const said = await speechPackets();
const turnSeconds = (said.durationMs + MANNERS.pauseMs) / 1_000;
const options = readOptions(args, { workerKeys, turnSeconds });
if (options.report) await writeReport(await readResults());
else await run();

async function run() {
  const found = await findServerBinary({ onProgress: console.log });
  const callersProgram = await buildCallers();
  const { all, missing, versions } = await contenders(options);
  for (const reason of missing) console.log(`left out: ${reason}`);
  const partial = await PartialResults.open(options);
  const steps = plan(all);
  console.log(`${steps.length} rows at most, about ${minutes(steps)} min`);
  for (const [index, { contender, calls, seconds }] of steps.entries()) {
    if (partial.find(contender, calls)) continue;
    const what = `${index + 1}/${steps.length} ${contender.name}, ${calls} calls`;
    const slow = partial.rows.find((row) => row.key === contender.key && isSlow(row));
    if (slow && calls > (contender.atLeast ?? 0)) {
      console.log(`${what}: skipped, it was slow with ${slow.calls}`);
      continue;
    }
    console.log(`${what}, ${seconds} s`);
    const row = await measured(() =>
      measureRow({ found, callersProgram, said, worker: contender, calls, seconds }),
    );
    const { key, name, node, headline, peer, once } = contender;
    const whole = { key, name, node, headline, peer, once, calls, ...row };
    if (options.quick) partial.rows.push(whole);
    else await partial.add(whole);
    console.log(described(whole));
  }
  const result = await describeRun({
    args,
    plan: options.plan,
    said,
    versions,
    missing,
    rows: partial.rows,
  });
  if (options.quick) {
    console.log(report(result));
    return;
  }
  await partial.finish(result);
  await writeReport(result);
}

/** A worker that fails under its calls is a result, too. */
async function measured(measure) {
  try {
    return await undisturbed(measure, { quick: options.quick, ...WATCH });
  } catch (error) {
    console.error(error);
    return { failed: error.message };
  }
}

/** First all workers with one call, then all of them with more. */
function plan(all) {
  const once = options.calls.includes(ONCE_AT) ? ONCE_AT : options.calls[0];
  return options.calls.flatMap((calls) =>
    all
      .filter((each) => !each.once || calls === once)
      .map((contender) => ({ contender, calls, seconds: options.secondsOf(contender, calls) })),
  );
}

function minutes(steps) {
  // Added per row: starting the worker until it has settled, arrivals, the end, and waiting for a quiet machine.
  return Math.round(steps.reduce((sum, { calls, seconds }) => sum + seconds + calls + 17, 0) / 60);
}

function described(row) {
  if (row.failed) return `  failed: ${row.failed}`;
  const { heard: _heard, turnMs: _turnMs, ...facts } = row;
  return `  ${JSON.stringify(facts)}`;
}

async function writeReport(result) {
  await writeDocument('RESULTS.md', report(result));
  await writeDocument('plot.svg', plot(result.rows));
  for (const document of ['README.md', 'docs/speed.md'])
    await writeBlock(document, 'calls', summary(result));
  console.log(
    'wrote RESULTS.md, results.json and plot.svg in benchmarks/calls, README.md and docs/speed.md',
  );
}
