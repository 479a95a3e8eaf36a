// What a call costs: OpenRTC beside the SDK's own worker, one after the other in one run, on one machine.
// Writes results/density.json and the table in README.md.
import { readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { findLiveKitServer, startCallers, startLiveKitServer } from '@openrtc/test-rig';
import { startWorker, workers } from './run-worker.mjs';
import { measure } from './workload.mjs';

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '1,5' },
    seconds: { type: 'string', default: '40' },
  },
});

const found = await findLiveKitServer({ onProgress: console.log });
if (!found.available || found.kind !== 'binary')
  throw new Error(found.reason ?? 'needs a server of its own');
const rows = [];
for (const calls of values.calls.split(',').map(Number)) {
  for (const name of Object.keys(workers)) {
    const server = await startLiveKitServer({ found });
    const callers = await startCallers();
    const worker = await startWorker(name, server);
    const row = await measure({
      server,
      callers,
      worker,
      calls,
      seconds: Number(values.seconds),
      room: `bench-${calls}`,
    });
    rows.push({ worker: name, ...row });
    console.log(name, row);
    await worker.stop();
    await callers.close();
    await server.close();
  }
}

const machine = `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, callers and server on the same machine`;
const run = { date: new Date().toISOString(), machine, rows };
await writeFile(
  new URL('../results/density.json', import.meta.url),
  `${JSON.stringify(run, null, 2)}\n`,
);
const readme = new URL('../README.md', import.meta.url);
const text = await readFile(readme, 'utf8');
const [before, , after] = text.split(/<!-- (?:begin|end): density -->/);
await writeFile(
  readme,
  `${before}<!-- begin: density -->\n\n${table(run)}\n<!-- end: density -->${after}`,
);

function table({ date, machine: where, rows: all }) {
  const lines = [
    `Run of ${date.slice(0, 10)}: ${where}.`,
    '',
    '| worker | calls | idle PSS MiB | peak PSS MiB | PSS per call MiB | CPU-s per call-minute | turn p50 / p95 ms | turns missed |',
    '|---|---|---|---|---|---|---|---|',
    ...all.map(
      (row) =>
        `| ${row.worker} | ${row.calls} | ${row.idlePssMb} | ${row.peakPssMb} | ${row.pssPerCallMb} | ${row.cpuSecondsPerCallMinute} | ${row.turnMsP50} / ${row.turnMsP95} | ${row.turnsMissed} of ${row.turns + row.turnsMissed} |`,
    ),
  ];
  for (const calls of new Set(all.map((row) => row.calls))) {
    const [ours, theirs] = all.filter((row) => row.calls === calls);
    if (theirs === undefined) continue;
    const ratio = (key) => (ours[key] / theirs[key]).toFixed(2);
    lines.push(
      '',
      `At ${calls} calls, OpenRTC to the SDK's process per call: peak PSS ${ratio('peakPssMb')}, PSS per call ${ratio('pssPerCallMb')}, CPU ${ratio('cpuSecondsPerCallMinute')}.`,
    );
  }
  return `${lines.join('\n')}\n`;
}
