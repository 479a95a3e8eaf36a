// Measures what a process of calls costs before its first call, and what V8 flags that make it smaller cost during
// calls.
// Writes results/child-start.json and the tables in README.md.
import { parseArgs } from 'node:util';
import { measureSideBySide } from './flags-load.mjs';
import { undisturbed } from './machine.mjs';
import { publish } from './documents.mjs';
import { childStart } from './reports/child-start-report.mjs';
import { startChild } from './start-child.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    'load-rounds': { type: 'string' },
    seconds: { type: 'string' },
    // A short trial: it does not wait for a quiet machine and writes nothing.
    quick: { type: 'boolean', default: false },
  },
});
const { quick } = values;
const roundsOfStarts = Number(values.rounds ?? (quick ? 1 : 5));
const roundsOfLoad = Number(values['load-rounds'] ?? (quick ? 1 : 3));
const seconds = Number(values.seconds ?? (quick ? 10 : 60));

const starts = [
  { name: 'no flags' },
  ...[1, 2, 4, 8].map((mb) => ({
    name: `--max-semi-space-size=${mb}`,
    flags: [`--max-semi-space-size=${mb}`],
  })),
  { name: '--optimize-for-size', flags: ['--optimize-for-size'] },
  { name: '--max-lazy', flags: ['--max-lazy'] },
  { name: 'MALLOC_ARENA_MAX unset', env: { MALLOC_ARENA_MAX: undefined } },
];
const semiSpace = (mb) => `--max-semi-space-size=${mb}`;
// 16 is the default of V8 in Node 20. The number of calls is what two cores can take with callers and servers.
const loads = [
  {
    what: 'a process per call',
    calls: 2,
    options: {},
    settings: [...[16, 8, 4, 2].map(semiSpace), `${semiSpace(4)} --optimize-for-size`],
  },
  {
    what: '3 calls in a process',
    calls: 3,
    // Grouped by the only agent: all calls in one process, however many cores there are.
    options: { sessionsPerProcess: 25, groupBy: 'agent' },
    settings: [16, 8, 4].map(semiSpace),
  },
];

const started = await undisturbed(measureStarts, { quick });
console.log(started);
const loaded = [];
for (const load of loads) {
  const row = await undisturbed(() => measureLoad(load), { quick });
  loaded.push({ ...load, ...row });
  console.dir(row, { depth: null });
}
await publish(childStart, { started, loaded }, { dryRun: quick });

/** In turns, so that changes of the machine affect all settings. */
async function measureStarts() {
  const samples = new Map(starts.map(({ name }) => [name, []]));
  for (let i = roundsOfStarts; i > 0; i -= 1) {
    for (const start of starts) samples.get(start.name).push(await startChild(start));
  }
  return { samples: Object.fromEntries(samples) };
}

async function measureLoad({ settings, calls, options }) {
  const rounds = [];
  for (let i = roundsOfLoad; i > 0; i -= 1) {
    rounds.push(
      await measureSideBySide(
        settings.map((flags) => ({
          name: flags,
          options: { ...options, execArgv: flags.split(' ') },
        })),
        {
          calls,
          seconds,
          warmUpSeconds: quick ? 2 : 20,
        },
      ),
    );
  }
  return { rounds };
}
