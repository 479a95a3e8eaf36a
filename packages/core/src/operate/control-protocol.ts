import { toPlainError } from '../base/errors.js';
import type { ReloadReport } from '../call/reload-report.js';

/** The version of requests and answers. It changes when the meaning of a field changes. */
export const CONTROL_SCHEMA_VERSION = 1;

/** The commands that a worker takes from its own user, with what each results in. */
export interface ControlResults {
  /** Reloads the agents, as {@link AgentPool.reload} does. */
  readonly reload: ReloadReport;
}

/** A command that a worker takes. */
export type ControlCommand = keyof ControlResults;

/** What each command does. */
export type ControlCommands = {
  readonly [Command in ControlCommand]: () => Promise<ControlResults[Command]>;
};

/** The worker that has answered. */
export interface ControlledWorker {
  /** Its process id. */
  readonly pid: number;
  /** File name of its entry module. */
  readonly entry: string;
}

/** The answer of a worker to a command: one line of JSON. */
export type ControlAnswer<Result = unknown> = {
  /** The version of this format. */
  readonly schemaVersion: typeof CONTROL_SCHEMA_VERSION;
  /** The worker that has answered. */
  readonly worker: ControlledWorker;
} & (
  | { readonly ok: true; readonly result: Result }
  | {
      readonly ok: false;
      /** Why the command was not carried out, and what to do about it. */
      readonly error: { readonly code: string; readonly message: string };
    }
);

/** The request for a command. */
export function requestOf(command: ControlCommand): string {
  return `${JSON.stringify({ schemaVersion: CONTROL_SCHEMA_VERSION, command })}\n`;
}

/**
 * The answer in a text.
 * @returns undefined if it has another version, is not from OpenRTC, or its result does not fit the command
 */
export function parseControlAnswer<Command extends ControlCommand>(
  text: string,
  command: Command,
): ControlAnswer<ControlResults[Command]> | undefined {
  const { schemaVersion, worker, ok, result, error } = recordOf(parsed(text));
  const { pid, entry } = recordOf(worker);
  if (schemaVersion !== CONTROL_SCHEMA_VERSION) return undefined;
  if (typeof pid !== 'number' || typeof entry !== 'string') return undefined;
  const head = { schemaVersion: CONTROL_SCHEMA_VERSION, worker: { pid, entry } } as const;
  if (ok === true && fits[command](recordOf(result)))
    return { ...head, ok, result: result as ControlResults[Command] };
  if (ok !== false || error === undefined) return undefined;
  const { code, message } = toPlainError(error);
  return { ...head, ok, error: { code, message } };
}

/** The value of a JSON text; undefined if it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whoever asks says that the text does not fit.
    return undefined;
  }
}

/** The fields of a value; none if it is no object. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

const OUTCOMES: ReadonlySet<unknown> = new Set(['applied', 'unchanged', 'refused']);

const fits: {
  readonly [Command in ControlCommand]: (result: Readonly<Record<string, unknown>>) => boolean;
} = {
  reload: ({ generation, outcome, files, agents, notes, calls, durationMs, error }) =>
    typeof generation === 'number' &&
    typeof durationMs === 'number' &&
    OUTCOMES.has(outcome) &&
    [files, agents, notes].every(isTexts) &&
    Array.isArray(calls) &&
    calls.every((call) => isTexts([recordOf(call)['jobId'], recordOf(call)['result']])) &&
    (outcome !== 'refused' || isTexts([recordOf(error)['code'], recordOf(error)['message']])),
};

function isTexts(values: unknown): boolean {
  return Array.isArray(values) && values.every((value) => typeof value === 'string');
}
