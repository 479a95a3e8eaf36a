import { type FoundWorker, type WorkerReport, readWorkers } from '@openrtc/core/operate';

import { counted } from '../../live/figures.js';
import type { Flags } from '../../options/table.js';
import { UsageError } from '../../usage-error.js';

/**
 * The workers that the flags mean.
 * @param workers - all that run
 * @param problems - folders that were not searched, and why
 * @throws UsageError when there is none, or it is not clear which
 */
export async function chooseWorkers(
  workers: readonly FoundWorker[],
  { worker: pid, all }: Pick<Flags, 'worker' | 'all'>,
  problems: readonly string[],
): Promise<readonly FoundWorker[]> {
  if (all && pid !== undefined)
    throw new UsageError('--worker and --all contradict each other: use one of them');
  if (workers.length === 0)
    throw new UsageError(
      [
        'no worker of this user runs on this machine: start one with openrtc start ./agents --reloadable, or openrtc dev ./agents',
        ...problems,
      ].join('\n  '),
    );
  if (all) return workers;
  const chosen = pid === undefined ? workers : workers.filter((worker) => worker.pid === pid);
  if (chosen.length === 1) return chosen;
  const named = [...new Set(workers.map((worker) => worker.pid))];
  // As in containers that share the folder of their sockets.
  if (chosen.length > 1 && pid !== undefined)
    throw new UsageError(`${chosen.length} workers have the process id ${pid}: use --all`);
  const wrong =
    pid === undefined
      ? `${counted(workers.length, 'worker')} run: name one, as in openrtc reload ${named[0]}, or use --all`
      : `no worker has the process id ${pid}`;
  throw new UsageError([`${wrong}:`, ...(await describe(workers))].join('\n  '));
}

/** One line for each worker, with what tells it from the others. */
async function describe(workers: readonly FoundWorker[]): Promise<readonly string[]> {
  const reports = new Map(
    (await readWorkers()).workers.map(({ pid, report }) => [pid, report] as const),
  );
  return workers.map(({ pid }) => `${pid}${factsOf(reports.get(pid))}`);
}

function factsOf(report: WorkerReport | undefined): string {
  if (report === undefined) return ': it does not answer';
  const { activeSessions, registeredAgents } = report.snapshot;
  return `: ${report.worker.entry}, ${counted(activeSessions, 'call')}, agents ${registeredAgents.join(', ')}`;
}
