// Measures what each setting of the isolation costs, and which calls survive a killed process, with the same calls.
// Writes results/isolation.json and the table in docs/isolation.md.
import { parseArgs } from 'node:util';
import { measureBurst, measureCalls } from './dial.mjs';
import { undisturbed } from './machine.mjs';
import { publish } from './documents.mjs';
import { isolation } from './reports/isolation-report.mjs';
import { withRig } from './rig.mjs';

const { values } = parseArgs({
  options: {
    calls: { type: 'string' },
    seconds: { type: 'string' },
    // A short trial: it does not wait for a quiet machine and writes nothing.
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
    args: [JSON.stringify({ processes: options })],
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

await publish(isolation, { rows }, { dryRun: quick });
