import { markdownTable, runOf } from '../documents.mjs';
import { median, rounded } from '../statistics.mjs';

export const childStart = { name: 'child-start', document: 'benchmarks/README.md', report };

function report(run) {
  const { started, loaded } = run;
  return [runOf(run), startTable(started), ...loaded.map(loadTable)].join('\n\n');
}

function startTable({ samples }) {
  return markdownTable(
    ['a process of calls', 'ready after ms', 'CPU ms', 'PSS MiB', 'anonymous MiB'],
    Object.entries(samples).map(([name, all]) => [
      `\`${name}\``,
      ...['wallMs', 'cpuMs', 'pssMb', 'anonMb'].map((key) =>
        rounded(median(all.map((each) => each[key]))),
      ),
    ]),
  );
}

function loadTable({ what, settings, rounds }) {
  const mean = (name, key) => {
    const found = rounds.map((round) => round.find(({ setting }) => setting === name)[key]);
    return found.reduce((sum, value) => sum + value, 0) / found.length;
  };
  const [first] = settings;
  return markdownTable(
    [
      what,
      'CPU-s per call-minute',
      'relative to the first',
      'JavaScript thread',
      'Opus encoder',
      'GC pauses ms per call-minute',
      'PSS MiB per process',
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
        rounded(mean(name, 'pssMbPerProcess')),
        Math.round(mean(name, 'turnMsP95')),
      ];
    }),
  );
}
