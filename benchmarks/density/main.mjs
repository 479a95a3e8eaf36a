// `pnpm bench:density`: measures what sessions cost by the number of sessions. Writes RESULTS.md, results.json and
// density.svg in this folder.
import { parseArgs } from 'node:util';
import { commit, hardware, untilQuiet, versionOf, watchOthers } from '../src/machine.mjs';
import { Ledger } from './ledger.mjs';
import { plan, rowsOf } from './plan.mjs';
import { writeReport } from './density-report.mjs';

const { values } = parseArgs({
  options: {
    sessions: { type: 'string', default: '10,25,50,100,500' },
    rounds: { type: 'string', default: '3' },
    // The most sessions with one process each, by round. The last number applies to later rounds, too.
    processes: { type: 'string', default: '100,10' },
    // A step that would not finish in time is not started; the report says what is missing.
    minutes: { type: 'string', default: '19.8' },
    // Ignore the rows of an interrupted run.
    fresh: { type: 'boolean', default: false },
    // Do not wait for a quiet machine.
    busy: { type: 'boolean', default: false },
    // A short trial that writes nothing.
    quick: { type: 'boolean', default: false },
    // Run and print only the steps with this prefix: "stub", "talking 500", "real time".
    only: { type: 'string' },
  },
});
const { quick, only } = values;
const options = quick
  ? { counts: [3, 6], rounds: 1, processesTo: [3], measureMs: 6_500 }
  : {
      counts: numbers('sessions').toSorted((a, b) => a - b),
      rounds: numbers('rounds')[0],
      processesTo: numbers('processes'),
      measureMs: 7_000,
    };
const limitSeconds = Number(values.minutes) * 60;
if (!(limitSeconds > 0)) throw new Error(`--minutes takes a number above 0, not ${values.minutes}`);
const tries = quick || only !== undefined;

const about = {
  hardware,
  commit: commit(),
  agents: versionOf('@livekit/agents'),
  rtcNode: versionOf('@livekit/rtc-node'),
};
const key = JSON.stringify({ ...options, ...about });
const ledger = await Ledger.open(key, { fresh: values.fresh, kept: !tries });
const before = Object.keys(ledger.rows).length;
if (before > 0)
  console.log(
    `Continues the run of ${ledger.startedAt}, which has ${before} rows; --fresh starts again`,
  );
if (!tries && !values.busy) await untilQuiet();

// Without these handlers a signal would end this process without its 'exit' event, which kills the workers.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const startedAt = performance.now();
const elapsed = () => (performance.now() - startedAt) / 1_000;
const steps = plan(options).filter(({ id }) => only === undefined || id.startsWith(only));
for (const [index, step] of steps.entries()) {
  const known = ledger.rows[step.id];
  if (known !== undefined && known.failed === undefined) continue;
  const head = `[${index + 1}/${steps.length}, ${Math.round(elapsed())} s] ${step.id}`;
  const secondsLeft = limitSeconds - elapsed();
  if (!tries && secondsLeft < step.seconds) {
    console.log(`${head}: no time left`);
    continue;
  }
  console.log(head);
  await measure(step, { secondsLeft });
}

const missing = steps
  .map(({ id }) => id)
  .filter((id) => ledger.rows[id] === undefined || ledger.rows[id].failed !== undefined);
const run = {
  startedAt: ledger.startedAt,
  minutes:
    Math.round(Object.values(ledger.rows).reduce((sum, row) => sum + (row.seconds ?? 0), 0) / 6) /
    10,
  command: ['pnpm bench:density', ...process.argv.slice(2)].join(' '),
  ...about,
  options,
  missing,
  rows: ledger.rows,
};
if (only !== undefined) console.log(JSON.stringify(ledger.rows, null, 2));
else await writeReport(run, { print: quick });
if (missing.length > 0) {
  const again = tries ? '' : ' Run the same command again to measure only these.';
  console.error(`Not measured: ${missing.join(', ')}.${again}`);
  process.exitCode = 1;
} else if (!tries) {
  await ledger.close();
}

/** Measures a step and saves its row, even when it failed. */
async function measure(step, { secondsLeft }) {
  const others = watchOthers();
  const began = performance.now();
  let row;
  try {
    row = await step.run({
      secondsLeft,
      log: console.log,
      done: (what) => rowsOf(ledger.rows, what),
    });
  } catch (error) {
    console.error(error);
    row = { failed: String(error?.message ?? error) };
  }
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  console.log(`  ${seconds} s, other programs used ${others()} cores`);
  await ledger.add(step.id, { ...row, seconds, othersCores: row.othersCores ?? others() });
}

function numbers(name) {
  const all = values[name].split(',').map(Number);
  if (all.every((number) => Number.isInteger(number) && number > 0)) return all;
  throw new Error(`--${name} takes whole numbers separated by commas, not '${values[name]}'`);
}
