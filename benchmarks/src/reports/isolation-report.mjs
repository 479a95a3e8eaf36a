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
      line('agent in the room after, ms p50 / most', (row) => medianAndMost(row.joinMs)),
      line('the same, all calls at once', (row) => medianAndMost(row.burst.joinMs)),
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
    `${calls} callers come one after the other, 3 s apart. They speak for 2.4 s, hear the answer, and pause for 3 s.`,
    'PSS is of the worker and all its processes, and with the calls the most it reached once those kept ready for more calls had gone.',
    '"Agent in the room" is from the assignment on, by the server\'s log; "calls lost" are callers whom nobody answers after a SIGKILL.',
    `"Starts included" is from the first call on: calls of up to ${most('wholeMinutes')} min.`,
    `Beside the run, others used up to ${most('othersCores')} of the machine's cores.`,
  ].join(' ');
}

function limits(calls) {
  return `As many processes as there are cores share the calls before any is filled, so 5 and 25 a process are the same thing at ${calls} calls. That a crash takes up to 25 calls at 25 a process is arithmetic, not measured.`;
}

function medianAndMost(values) {
  return `${median(values)} / ${Math.max(...values)}`;
}
