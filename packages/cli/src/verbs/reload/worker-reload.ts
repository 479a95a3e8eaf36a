import {
  type CommandedWorker,
  type FoundWorker,
  type ReloadReport,
  reloadLine,
} from '@openrtc/core/operate';

/** What a worker has answered to `reload`. */
export type WorkerReload = { readonly worker: FoundWorker } & CommandedWorker<ReloadReport>;

/** The output of `reload --json`; see schemas/reload.schema.json. */
export interface ReloadJson {
  readonly schemaVersion: 1;
  readonly command: 'reload';
  readonly workers: readonly WorkerJson[];
}

interface WorkerJson {
  readonly pid: number;
  /** File name of its entry module; null when it has not answered. */
  readonly entry: string | null;
  /** Null when it has not tried. */
  readonly report: ReloadReport | null;
  /** Why there is no report; null with one. */
  readonly error: { readonly code: string | null; readonly message: string } | null;
}

/** The answers as JSON for programs. */
export function reloadJson(reloads: readonly WorkerReload[]): ReloadJson {
  return { schemaVersion: 1, command: 'reload', workers: reloads.map(jsonOf) };
}

function jsonOf({ worker, answer, problem }: WorkerReload): WorkerJson {
  const { pid } = worker;
  if (answer === undefined)
    return { pid, entry: null, report: null, error: { code: null, message: problem } };
  const { entry } = answer.worker;
  return answer.ok
    ? { pid, entry, report: answer.result, error: null }
    : { pid, entry, report: null, error: answer.error };
}

/** Why the worker has not reloaded its agents; undefined when it has, or there was nothing to do. */
export function failureText({ worker, answer, problem }: WorkerReload): string | undefined {
  const name = `worker ${worker.pid}`;
  if (answer === undefined) return `${name} was not reloaded: ${problem}`;
  if (!answer.ok) return `${name} was not reloaded: ${answer.error.message} [${answer.error.code}]`;
  const { outcome, error } = answer.result;
  return outcome === 'refused'
    ? `${name}: nothing has changed: ${error?.message ?? ''}`
    : undefined;
}

/** The line that the worker has logged, and its notes. Empty when it has not reloaded its agents. */
export function linesOf({ worker, answer }: WorkerReload): readonly string[] {
  if (answer?.ok !== true) return [];
  const { outcome, notes } = answer.result;
  const details = notes.map((note) => `  ${note}`);
  if (outcome === 'refused') return details;
  const done =
    outcome === 'unchanged' ? 'the code in use is that of the files' : reloadLine(answer.result);
  return [`worker ${worker.pid}: ${done}`, ...details];
}
