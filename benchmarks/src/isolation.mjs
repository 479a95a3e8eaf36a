// What each setting of the isolation costs and what it keeps: one run, one machine, the same calls.
// Writes results/isolation.json and the table in docs/isolation.md.
import { parseArgs } from 'node:util';
import { measureBurst, measureCalls } from './dial.mjs';
import { undisturbed } from './machine.mjs';
import { markdownTable, writeBlock, writeResults } from './documents.mjs';
import { withRig } from './rig.mjs';
import { percentile } from './talking.mjs';

const { values } = parseArgs({
  options: {
    calls: { type: 'string' },
    seconds: { type: 'string' },
    // To try the script: short, on a busy machine, and nothing is written.
    quick: { type: 'boolean', default: false },
  },
});
const { quick } = values;
const calls = Number(values.calls ?? (quick ? 2 : 5));
const seconds = Number(values.seconds ?? (quick ? 8 : 60));

const settings = [
  { name: '`coroutine()`', options: undefined },
  { name: '`processes()`', options: {} },
  { name: '`processes({ sessionsPerProcess: 5 })`', options: { sessionsPerProcess: 5 } },
  { name: '`processes({ sessionsPerProcess: 25 })`', options: { sessionsPerProcess: 25 } },
];

const rows = [];
for (const { name, options } of settings) {
  const spec = {
    name,
    file: 'openrtc.mjs',
    args: options === undefined ? [] : [JSON.stringify(options)],
  };
  const row = await undisturbed(
    async () => ({
      ...(await withRig(spec, (rig) =>
        measureCalls({ ...rig, calls, seconds, ...(quick && { surplusSeconds: 5 }) }),
      )),
      burst: await withRig(spec, (rig) => measureBurst({ ...rig, calls })),
    }),
    { quick },
  );
  rows.push({
    setting: name,
    sessionsPerProcess: options && (options.sessionsPerProcess ?? 1),
    ...row,
  });
  console.log(name, row);
}

const markers = { begin: '<!-- bench:isolation -->', end: '<!-- /bench:isolation -->' };
if (quick) console.log(report({ date: 'now', machine: 'tried', rows }));
else
  await writeBlock('docs/isolation.md', markers, report(await writeResults('isolation', { rows })));

function report({ date, machine, rows: all }) {
  const line = (what, of) => [what, ...all.map(of)];
  const table = markdownTable(
    [`${calls} calls`, ...all.map(({ setting }) => setting)],
    [
      line(
        'processes of calls, idle / with the calls',
        (row) => `${row.idle.processes} / ${row.callProcesses}`,
      ),
      line('PSS MiB, idle', (row) => row.idle.pssMb),
      line('PSS MiB, with the calls', (row) => row.peakPssMb),
      line('PSS MiB per call', (row) => row.pssPerCallMb),
      line('CPU-s per call-minute', (row) => row.cpuSecondsPerCallMinute),
      line('CPU-s to start a process', (row) => row.startCpuSeconds[0] ?? '–'),
      line('CPU-s per call-minute, starts included', (row) => row.wholeCpuSecondsPerCallMinute),
      line('agent in the room after, ms p50 / most', (row) => middleAndMost(row.joinMs)),
      line('the same, all calls at once', (row) => middleAndMost(row.burst.joinMs)),
      line('turn, ms p50 / p95', (row) => `${row.turnMsP50} / ${row.turnMsP95}`),
      line('turns missed', (row) => `${row.turnsMissed} of ${row.turns + row.turnsMissed}`),
      line(
        'calls lost when one process is killed',
        (row) =>
          `${row.callsLost} of ${row.calls}${row.callProcesses === 0 ? ', and the worker' : ''}`,
      ),
    ],
  );
  return [`Run of ${date.slice(0, 10)}: ${machine}. ${how(all)}`, table, limits()].join('\n\n');
}

function how(all) {
  const most = (key) => Math.max(...all.map((row) => row[key]));
  return [
    `${calls} callers come one after the other, 3 s apart. They speak for 2.4 s, hear the answer, and pause for 3 s.`,
    'PSS is of the worker and all its processes, and with the calls the most it reached once those kept ready for more calls had gone.',
    '"Agent in the room" is from the assignment on, by the server\'s log; "calls lost" are callers whom nobody answers after a SIGKILL.',
    `"Starts included" is from the first call on: calls of up to ${most('wholeMinutes')} min.`,
    `Beside the run, others used up to ${most('othersCores')} of the machine's cores.`,
  ].join(' ');
}

function limits() {
  return `As many processes as there are cores share the calls before any is filled, so 5 and 25 a process are the same thing at ${calls} calls. That a crash takes up to 25 calls at 25 a process is arithmetic, not measured.`;
}

function middleAndMost(values) {
  return `${percentile(values, 0.5)} / ${Math.max(...values)}`;
}
