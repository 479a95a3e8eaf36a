import { exitCode } from '../exit-code.js';
import { type Host, isScreen, wantsColors, writeMessage } from '../host.js';
import { cellText } from '../live/cell-text.js';
import { counted } from '../live/figures.js';
import { FILE_POLL_MS, FollowedFile } from '../live/followed-file.js';
import { partsText } from '../live/line.js';
import { LineSplitter } from '../live/line-splitter.js';
import { entryLines, isAbout, parseLogEntry } from '../live/logs/log-entry.js';
import { pollEvery, untilEnded } from '../live/until-ended.js';
import { terminalJson } from '../terminal-text.js';
import { UsageError } from '../usage-error.js';
import type { ViewContext } from './verb-context.js';

/** `logs`: prints the log of one call from the log of a worker that was started with `start`. */
export async function run({ flags, host }: ViewContext): Promise<number> {
  const { file, follow } = flags;
  const printer = new LogPrinter({ flags, host });
  await untilEnded(host, async ({ signal }) => {
    if (file !== undefined && file !== '-') {
      await fromFile(file, printer, follow ? signal : undefined);
      return;
    }
    if (follow) throw new UsageError('--follow needs a file; stdin is always read to its end');
    if (host.stdin.isTTY)
      throw new UsageError(
        'which log? Name the log file of a worker, or pipe the log: openrtc start ./agents | openrtc logs --session <id>',
      );
    await fromStdin(host.stdin, printer, signal);
  });
  return printer.end();
}

async function fromFile(
  path: string,
  printer: LogPrinter,
  followUntil: AbortSignal | undefined,
): Promise<void> {
  const file = new FollowedFile(path, 'start');
  try {
    if (!(await file.read(printer.add))) throw new UsageError(`${path} does not exist`);
    if (followUntil !== undefined) {
      await pollEvery(FILE_POLL_MS, followUntil, async () => void (await file.read(printer.add)));
      await file.read(printer.add);
    }
    printer.addRest(file.rest());
  } finally {
    await file[Symbol.asyncDispose]();
  }
}

async function fromStdin(
  stdin: Host['stdin'],
  printer: LogPrinter,
  signal: AbortSignal,
): Promise<void> {
  const lines = new LineSplitter();
  const ended = new Promise<void>((resolve, reject) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
    stdin
      .on('data', (chunk: Buffer | string) => lines.push(Buffer.from(chunk), printer.add))
      .once('end', resolve)
      .once('error', reject);
  });
  await ended;
  printer.addRest(lines.rest());
}

/** Prints the lines that match the flags. */
class LogPrinter {
  readonly #context: ViewContext;
  readonly #colors: boolean;
  #lines = 0;
  #notJson = 0;
  #printed = 0;

  constructor(context: ViewContext) {
    const { stdout, env } = context.host;
    this.#context = context;
    this.#colors = isScreen(stdout, env) && wantsColors(env);
  }

  readonly add = (line: string): void => {
    if (line.trim() === '') return;
    const { session, json } = this.#context.flags;
    this.#lines += 1;
    const entry = parseLogEntry(line);
    if (entry === undefined) {
      this.#notJson += 1;
      // Node and native modules write lines that are not JSON. They belong to no call.
      if (session === undefined && !json) this.#print(cellText(line));
      return;
    }
    if (session !== undefined && !isAbout(entry, session)) return;
    if (json) this.#print(terminalJson(line));
    else for (const parts of entryLines(entry)) this.#print(partsText(parts, this.#colors));
  };

  addRest(line: string | undefined): void {
    if (line !== undefined) this.add(line);
  }

  /** Returns the exit code. Says why when nothing was printed, which counts as failed. */
  end(): number {
    const { session, follow } = this.#context.flags;
    if (this.#printed > 0 || follow) return exitCode.done;
    const none = `none of ${counted(this.#lines, 'line')} is`;
    const others = this.#notJson === 0 ? '' : `; ${counted(this.#notJson, 'line')} not JSON`;
    const message =
      this.#lines === 0
        ? 'the log is empty'
        : session === undefined
          ? `${none} JSON`
          : `${none} about ${JSON.stringify(cellText(session))}${others}`;
    writeMessage(this.#context.host, message);
    return exitCode.failed;
  }

  #print(text: string): void {
    this.#printed += 1;
    this.#context.host.stdout.write(`${text}\n`);
  }
}
