import { messageOf } from '../base/errors.js';
import { type FoundWorker, answerOf, checkFindOptions, findSockets } from './find-sockets.js';
import { type WorkerReport, parseWorkerReport } from './worker-report.js';

/** Options of {@link readWorkers}. */
export interface ReadWorkersOptions {
  /** Directories to search. Default: those in which workers of this user create their sockets. */
  readonly directories?: readonly string[];
  /** How long a worker may take to answer, in milliseconds. Default: 2 000. */
  readonly timeoutMs?: number;
}

/** A worker that was found, with its report or the problem that prevented one. */
export type AskedWorker = {
  /** The process id in the name of its socket. It may be wrong for a worker in another container. */
  readonly pid: number;
  /** Path of its socket. */
  readonly socket: string;
} & (
  | { readonly report: WorkerReport; readonly problem?: undefined }
  /** It exists and does not answer: its event loop may be blocked. */
  | { readonly report?: undefined; readonly problem: string }
);

/** Every worker of this user on this machine. */
export interface WorkersOfUser {
  /** The workers, by process id. */
  readonly workers: readonly AskedWorker[];
  /** Directories that were ignored because other users can access them, with the reason. */
  readonly problems: readonly string[];
}

/**
 * Reads the report of every worker of this user on this machine. Never rejects because of one worker.
 * @throws OpenRtcError `CONFIG_INVALID_OPTION`
 */
export async function readWorkers(options: ReadWorkersOptions = {}): Promise<WorkersOfUser> {
  checkFindOptions('readWorkers()', options, ['directories', 'timeoutMs']);
  const { directories, timeoutMs = 2_000 } = options;
  const { sockets, problems } = await findSockets('.sock', directories);
  const asked = await Promise.all(sockets.map((socket) => ask(socket, timeoutMs)));
  return { workers: asked.filter((worker) => worker !== undefined), problems };
}

/** Undefined if the worker no longer exists. */
async function ask(found: FoundWorker, timeoutMs: number): Promise<AskedWorker | undefined> {
  try {
    const text = await answerOf(found, timeoutMs);
    if (text === undefined) return undefined;
    const report = parseWorkerReport(text);
    return report === undefined
      ? { ...found, problem: 'its answer is not valid: is it another version of OpenRTC?' }
      : { ...found, report };
  } catch (error) {
    return { ...found, problem: messageOf(error) };
  }
}
