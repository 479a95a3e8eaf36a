// Measures what a change does to the cost of a call: this checkout and others of the repository run the same calls at
// the same time, so that changes of the machine affect all of them. The others must be built.
//   node src/against.mjs [--calls 3] [--seconds 60] [--rounds 2] [--write] 'name=folder' …
// With --write, writes the table in docs/speed.md.
import { cpuSecondsOf, memoryOf, threadSeconds } from '@openrtc/test-rig';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { publish } from './documents.mjs';
import { against } from './reports/against-report.mjs';
import { sideBySide } from './side-by-side.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    calls: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '60' },
    rounds: { type: 'string', default: '2' },
    // The name of this checkout in the table.
    name: { type: 'string', default: 'this one' },
    write: { type: 'boolean', default: false },
  },
});
const calls = Number(values.calls);
const seconds = Number(values.seconds);
const WARM_UP_SECONDS = 15;

const checkouts = [
  ...positionals,
  `${values.name}=${new URL('../..', import.meta.url).pathname}`,
].map((each) => {
  const [name, folder] = each.split('=');
  if (!folder) throw new Error(`${each}: expected name=folder of a built checkout`);
  return {
    name,
    file: pathToFileURL(resolve(folder, 'benchmarks/src/workers/openrtc.mjs')).href,
  };
});

const rows = [];
for (let round = 0; round < Number(values.rounds); round += 1) {
  rows.push(...(await measureOnce()));
  console.log(`round ${round + 1} of ${values.rounds}`);
}
await publish(against, { calls, seconds, rows }, { dryRun: !values.write });

async function measureOnce() {
  const options = { calls, seconds, warmUpSeconds: WARM_UP_SECONDS, look };
  return (await sideBySide(checkouts, options)).map(({ name, idle, after, spent, turns }) => ({
    name,
    cpu: spent('cpu'),
    main: spent('main'),
    encoder: spent('encoder'),
    pssPerCallMb: (after.pssMb - idle.pssMb) / calls,
    ...turns,
  }));
}

function look({ pid }) {
  const { main, byName } = threadSeconds(pid);
  return {
    cpu: cpuSecondsOf(pid),
    main,
    // Native work that no change here affects: where it differs, the machine is the cause.
    encoder: byName.get('AudioEncoder') ?? 0,
    pssMb: memoryOf(pid).pssMb,
  };
}
