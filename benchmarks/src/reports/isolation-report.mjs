import { markdownTable, runOf } from '../documents.mjs';
import { median } from '../statistics.mjs';

export const isolation = { name: 'isolation', document: 'docs/isolation.md', report };

function report(run) {
  const { rows } = run;
  const [{ calls }] = rows;
  const line = (what, of) => [what, ...rows.map(of)];
  const table = markdownTable(
    [`${calls} calls`, ...rows.map(({ setting }) => setting)],
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
      line('agent in the room after, ms p50 / max', (row) => medianAndMax(row.joinMs)),
      line('the same, all calls at once', (row) => medianAndMax(row.burst.joinMs)),
      line('turn, ms p50 / p95', (row) => `${row.turnMsP50} / ${row.turnMsP95}`),
      line('turns missed', (row) => `${row.turnsMissed} of ${row.turns + row.turnsMissed}`),
      line(
        'calls lost when one process is killed',
        (row) =>
          `${row.callsLost} of ${row.calls}${row.callProcesses === 0 ? ', and the worker' : ''}`,
      ),
    ],
  );
  return [`${runOf(run)} ${how(calls, rows)}`, table, limits(calls)].join('\n\n');
}

function how(calls, rows) {
  const most = (key) => Math.max(...rows.map((row) => row[key]));
  return [
    `${calls} callers arrive one after the other, 3 s apart. They speak for 2.4 s, hear the answer, and pause for 3 s.`,
    'PSS is that of the worker and all its processes. With the calls, it is the highest value after processes that were kept ready for more calls had ended.',
    '"Agent in the room" is the time since the assignment, by the server\'s log. "Calls lost" are callers that get no answer after a SIGKILL.',
    `"Starts included" counts from the first call on, with calls of up to ${most('wholeMinutes')} min.`,
    `Other programs used up to ${most('othersCores')} cores during the run.`,
  ].join(' ');
}

function limits(calls) {
  return `Calls are spread over as many processes as there are cores before any process is filled, so 5 and 25 calls per process behave the same at ${calls} calls. That a crash loses up to 25 calls with 25 per process is arithmetic, not a measurement.`;
}

function medianAndMax(values) {
  return `${median(values)} / ${Math.max(...values)}`;
}
