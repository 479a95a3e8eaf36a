import { setTimeout as delay } from 'node:timers/promises';

import { exitCode } from '../exit-code.js';
import { cellText } from '../live/cell-text.js';
import { counted } from '../live/figures.js';
import { FollowedFile } from '../live/followed-file.js';
import { harmlessJson } from '../live/json-text.js';
import { partsText } from '../live/line.js';
import { LineSplitter } from '../live/line-splitter.js';
import { type LiveHost, isScreen, wantsColors } from '../live/live-host.js';
import { entryLines, isAbout, parseLogEntry } from '../live/logs/log-entry.js';
import { untilEnded } from '../live/until-ended.js';
import { UsageError } from '../usage-error.js';

/** What `logs` is told. */
export interface LogsContext {
  readonly flags: {
    /** `-` or absent: what comes on stdin. */
    readonly file?: string;
    /** The job id of a call, or its room. */
    readonly session?: string;
    readonly follow?: boolean;
    readonly json?: boolean;
  };
  readonly host: LiveHost;
}

const LOOK_MS = 250;

/** `logs`: the log of one call, out of what a worker has written with `start`. */
export async function run({ flags, host }: LogsContext): Promise<number> {
  const { file, follow } = flags;
  const printer = new LogPrinter({ flags, host });
  await untilEnded(host, async (signal) => {
    if (file !== undefined && file !== '-') {
      await fromFile(file, printer, follow ? signal : undefined);
      return;
    }
    if (follow)
      throw new UsageError('--follow is for a file; what comes on stdin is read to its end');
    if (host.stdin.isTTY)
      throw new UsageError(
        'which log? Give the file that a worker writes, or pipe it: openrtc start ./agents | openrtc logs --session <id>',
      );
    await fromStdin(host.stdin, printer, signal);
  });
  return printer.end();
}

async function fromFile(
  path: string,
  printer: LogPrinter,
  untilAborted: AbortSignal | undefined,
): Promise<void> {
  const file = new FollowedFile(path, 'start');
  try {
    if (!(await file.read(printer.take))) throw new UsageError(`there is no ${path}`);
    while (untilAborted?.aborted === false) {
      // An end that came meanwhile is seen one line up.
      await delay(LOOK_MS, undefined, { signal: untilAborted }).catch(() => {});
      await file.read(printer.take);
    }
    printer.takeRest(file.rest());
  } finally {
    await file[Symbol.asyncDispose]();
  }
}

async function fromStdin(
  stdin: LiveHost['stdin'],
  printer: LogPrinter,
  signal: AbortSignal,
): Promise<void> {
  const lines = new LineSplitter();
  const ended = new Promise<void>((resolve, reject) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
    stdin
      .on('data', (chunk: Buffer | string) => lines.push(Buffer.from(chunk), printer.take))
      .once('end', resolve)
      .once('error', reject);
  });
  await ended;
  printer.takeRest(lines.rest());
}

/** Prints the lines that are asked for. */
class LogPrinter {
  readonly #context: LogsContext;
  readonly #colors: boolean;
  #lines = 0;
  #notJson = 0;
  #printed = 0;

  constructor(context: LogsContext) {
    this.#context = context;
    this.#colors = isScreen(context.host) && wantsColors(context.host);
  }

  readonly take = (line: string): void => {
    if (line.trim() === '') return;
    const { session, json } = this.#context.flags;
    this.#lines += 1;
    const entry = parseLogEntry(line);
    if (entry === undefined) {
      this.#notJson += 1;
      // What Node or a native module says last is no JSON, and belongs to no call.
      if (session === undefined && !json) this.#print(cellText(line));
      return;
    }
    if (session !== undefined && !isAbout(entry, session)) return;
    if (json) this.#print(harmlessJson(line));
    else for (const parts of entryLines(entry)) this.#print(partsText(parts, this.#colors));
  };

  takeRest(line: string | undefined): void {
    if (line !== undefined) this.take(line);
  }

  /** Says what was found, where that was nothing; the exit code is then that of a search in vain. */
  end(): number {
    const { session, follow } = this.#context.flags;
    if (this.#printed > 0 || follow) return exitCode.done;
    const none = `none of ${counted(this.#lines, 'line')} is`;
    const others = this.#notJson === 0 ? '' : `; ${counted(this.#notJson, 'line')} no JSON`;
    const words =
      this.#lines === 0
        ? 'the log is empty'
        : session === undefined
          ? `${none} JSON`
          : `${none} about ${JSON.stringify(cellText(session))}${others}`;
    this.#context.host.stderr.write(`openrtc: ${words}\n`);
    return exitCode.failed;
  }

  #print(text: string): void {
    this.#printed += 1;
    this.#context.host.stdout.write(`${text}\n`);
  }
}
