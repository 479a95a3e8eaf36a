// What a process of calls costs before its first call, and what V8 flags that make it smaller cost under calls.
// Writes results/child-start.json and the tables in README.md.
import { parseArgs } from 'node:util';
import { measureSideBySide } from './flags-load.mjs';
import { undisturbed } from './machine.mjs';
import { markdownTable, writeBlock, writeResults } from './documents.mjs';
import { startChild } from './start-child.mjs';
import { percentile, round } from './talking.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    'load-rounds': { type: 'string' },
    seconds: { type: 'string' },
    // To try the script: short, on a busy machine, and nothing is written.
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
// 16 is what V8 of Node 20 takes by itself. As many calls in all as two cores bear with callers and servers.
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
    // A group of one agent: all calls in one process, however many cores there are.
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
const markers = { begin: '<!-- begin: child-start -->', end: '<!-- end: child-start -->' };
if (quick) console.log(report({ date: 'now', machine: 'tried', started, loaded }));
else
  await writeBlock(
    'benchmarks/README.md',
    markers,
    report(await writeResults('child-start', { started, loaded })),
  );

/** In turns, so that what the machine does meanwhile is done to all. */
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

function report({ date, machine, started: { samples }, loaded: all }) {
  const middle = (name, key) =>
    round(
      percentile(
        samples[name].map((each) => each[key]),
        0.5,
      ),
    );
  const startTable = markdownTable(
    ['a process of calls', 'ready after ms', 'CPU ms', 'PSS MiB', 'anonymous MiB'],
    starts.map(({ name }) => [
      `\`${name}\``,
      ...['wallMs', 'cpuMs', 'pssMb', 'anonMb'].map((key) => middle(name, key)),
    ]),
  );
  const loadTables = all.map(({ what, settings, rounds }) => {
    const mean = (name, key) => {
      const found = rounds.map((round) => round.find(({ setting }) => setting === name)[key]);
      return found.reduce((sum, value) => sum + value, 0) / found.length;
    };
    const [first] = settings;
    return markdownTable(
      [
        what,
        'CPU-s per call-minute',
        'to the first',
        'of it JavaScript thread',
        'of it Opus encoder',
        'GC pauses ms per call-minute',
        'PSS MiB of a process',
        'turn p95 ms',
      ],
      settings.map((name) => {
        const cpu = mean(name, 'cpuSecondsPerCallMinute');
        return [
          `\`${name}\``,
          cpu.toFixed(2),
          (cpu / mean(first, 'cpuSecondsPerCallMinute')).toFixed(3),
          mean(name, 'mainThreadSecondsPerCallMinute').toFixed(2),
          mean(name, 'encoderSecondsPerCallMinute').toFixed(2),
          Math.round(mean(name, 'gcMsPerCallMinute')),
          round(mean(name, 'pssMbPerProcess')),
          Math.round(mean(name, 'turnMsP95')),
        ];
      }),
    );
  });
  return [`Run of ${date.slice(0, 10)}: ${machine}.`, startTable, ...loadTables].join('\n\n');
}
