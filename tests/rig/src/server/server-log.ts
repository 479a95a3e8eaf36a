import { RecordLog, type WaitOptions } from '../record-log.js';

/** One line of the server's JSON log. */
export interface ServerLogLine {
  level?: string;
  msg?: string;
  [field: string]: unknown;
}

/** A job that the server assigned to a worker. */
export interface Assignment {
  jobId: string;
  workerId: string;
  /** Name of the room; empty when the job has none. */
  room: string;
  agentName: string;
}

/** The end of a job, as reported by the worker. */
export interface JobEnd {
  jobId: string;
  /** Name of the job status, such as `JS_SUCCESS` or `JS_FAILED`. */
  status: string;
  /** Empty on success. */
  error: string;
}

/**
 * The server's log. Only it shows how jobs were assigned and how they ended: the dispatch API of the open source server
 * never shows final states.
 */
export class ServerLog {
  readonly #lines = new RecordLog<ServerLogLine>();

  /** Every line so far. */
  get lines(): readonly ServerLogLine[] {
    return this.#lines.all;
  }

  /** Adds one line of the server's output; a line that is not JSON becomes the `msg`. */
  take(line: string): void {
    this.#lines.append(parseLine(line));
  }

  /** Ends the log: every wait rejects with `error`. */
  close(error: Error): void {
    this.#lines.close(error);
  }

  /** The first line that fits, past or future. */
  waitFor(
    predicate: (line: ServerLogLine) => boolean,
    options: WaitOptions = {},
  ): Promise<ServerLogLine> {
    return this.#lines.waitFor(predicate, { what: 'a line of the server log', ...options });
  }

  /** Every assignment so far, oldest first; a job that moved to another worker has several. */
  assignments(): Assignment[] {
    return this.lines.filter(isAssignment).map(toAssignment);
  }

  /** Resolves with the first assignment in a room. */
  async assignedIn(room: string, options: WaitOptions = {}): Promise<Assignment> {
    const what = `an assignment in room ${room}`;
    return toAssignment(
      await this.waitFor((line) => isAssignment(line) && line.room === room, { what, ...options }),
    );
  }

  /** Resolves once the worker has reported the end of a job. */
  async jobEnded(jobId: string, options: WaitOptions = {}): Promise<JobEnd> {
    const what = `the end of job ${jobId}`;
    const line = await this.waitFor((each) => each.msg === 'job ended' && each.jobID === jobId, {
      what,
      ...options,
    });
    return { jobId, status: text(line.status), error: text(line.error) };
  }
}

function isAssignment(line: ServerLogLine): boolean {
  return line.msg === 'assigned job to worker';
}

function toAssignment(line: ServerLogLine): Assignment {
  return {
    jobId: text(line.jobID),
    workerId: text(line.workerID),
    room: text(line.room),
    agentName: text(line.agentName),
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
}

function parseLine(line: string): ServerLogLine {
  if (!line.startsWith('{')) return { msg: line };
  try {
    return JSON.parse(line) as ServerLogLine;
  } catch (error) {
    // A Go panic or a truncated line: keep its text.
    return { msg: line, parseError: (error as Error).message };
  }
}
