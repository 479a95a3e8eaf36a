// What a call costs: OpenRTC beside the SDK's own worker, one after the other in one run, on one machine.
// Writes results/density.json and the table in README.md.
import { parseArgs } from 'node:util';
import { markdownTable, writeBlock, writeResults } from './report.mjs';
import { withRig } from './rig.mjs';
import { measure } from './workload.mjs';

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '1,5' },
    seconds: { type: 'string', default: '40' },
  },
});

const workers = [
  { name: 'OpenRTC, coroutine', file: 'openrtc.mjs' },
  { name: '@livekit/agents, a process per call', file: 'sdk.mjs', args: ['start'] },
];
const rows = [];
for (const calls of values.calls.split(',').map(Number)) {
  for (const spec of workers) {
    const row = await withRig(spec, (rig) =>
      measure({ ...rig, calls, seconds: Number(values.seconds), room: `bench-${calls}` }),
    );
    rows.push({ worker: spec.name, ...row });
    console.log(spec.name, row);
  }
}

const markers = { begin: '<!-- begin: density -->', end: '<!-- end: density -->' };
await writeBlock('benchmarks/README.md', markers, report(await writeResults('density', { rows })));

function report({ date, machine, rows: all }) {
  const table = markdownTable(
    [
      'worker',
      'calls',
      'idle PSS MiB',
      'peak PSS MiB',
      'PSS per call MiB',
      'CPU-s per call-minute',
      'turn p50 / p95 ms',
      'turns missed',
    ],
    all.map((row) => [
      row.worker,
      row.calls,
      row.idlePssMb,
      row.peakPssMb,
      row.pssPerCallMb,
      row.cpuSecondsPerCallMinute,
      `${row.turnMsP50} / ${row.turnMsP95}`,
      `${row.turnsMissed} of ${row.turns + row.turnsMissed}`,
    ]),
  );
  const ratios = [...new Set(all.map((row) => row.calls))].map((calls) => {
    const [ours, theirs] = all.filter((row) => row.calls === calls);
    const ratio = (key) => (ours[key] / theirs[key]).toFixed(2);
    return `At ${calls} calls, OpenRTC to the SDK's process per call: peak PSS ${ratio('peakPssMb')}, PSS per call ${ratio('pssPerCallMb')}, CPU ${ratio('cpuSecondsPerCallMinute')}.`;
  });
  return [`Run of ${date.slice(0, 10)}: ${machine}.`, table, ...ratios].join('\n\n');
}
