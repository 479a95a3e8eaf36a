import { exitCode } from '../exit-code.js';
import { type Host, isScreen, writeMessage } from '../host.js';
import { parsed } from '../live/fields.js';
import { FILE_POLL_MS, FollowedFile } from '../live/followed-file.js';
import { printLines } from '../live/layout.js';
import {
  eventLine,
  metricsScreen,
  metricsText,
  skippedLines,
} from '../live/metrics/metrics-lines.js';
import { MetricsState } from '../live/metrics/metrics-state.js';
import { showLive } from '../live/show-live.js';
import { pollEvery, untilEnded } from '../live/until-ended.js';
import { UsageError } from '../usage-error.js';
import type { ViewContext } from './verb-context.js';

const DEFAULT_FILE = './openrtc-metrics.jsonl';
// A few minutes of a worker with a hundred calls.
const TAIL_BYTES = 1_024 * 1_024;

/** `tui`: shows a metrics file, once or as it grows. */
export async function run({ flags, host }: ViewContext): Promise<number> {
  const path = flags.file ?? DEFAULT_FILE;
  const file = new FollowedFile(path, flags.fromStart ? 'start' : { lastBytes: TAIL_BYTES });
  try {
    if (!flags.watch) return await printOnce(file, host);
    if (isScreen(host.stdout, host.env)) await watch(file, host);
    else await printEvents(file, host);
  } finally {
    await file[Symbol.asyncDispose]();
  }
  return exitCode.done;
}

async function printOnce(file: FollowedFile, host: Host): Promise<number> {
  const state = new MetricsState();
  if (!(await file.read((line) => state.add(line)))) throw new UsageError(noFile(file));
  // A line that is being written right now is not a broken one.
  const rest = file.rest();
  if (rest !== undefined && parsed(rest) !== undefined) state.add(rest);
  printLines(host, (columns) => metricsText(state, file, columns));
  return state.workers.length === 0 ? exitCode.failed : exitCode.done;
}

async function watch(file: FollowedFile, host: Host): Promise<void> {
  const state = new MetricsState();
  await showLive(
    {
      refresh: async () => void (await file.read((line) => state.add(line))),
      lines: (size) => metricsScreen(state, file, size),
      pressed: ({ text }) => text === 'q' || text === 'Q',
    },
    host,
    FILE_POLL_MS,
  );
}

/** Without a screen: prints a line for each event, and one message for each kind of line that is skipped. */
async function printEvents(file: FollowedFile, host: Host): Promise<void> {
  const state = new MetricsState();
  const reported = new Set<string>();
  const reportOnce = (kind: string, message: string) => {
    if (reported.has(kind)) return;
    reported.add(kind);
    writeMessage(host, message);
  };
  await untilEnded(host, ({ signal }) =>
    pollEvery(FILE_POLL_MS, signal, async () => {
      const exists = await file.read((line) => {
        const event = state.add(line);
        if (event !== undefined) host.stdout.write(`${eventLine(event)}\n`);
      });
      if (!exists) reportOnce('waiting', `${noFile(file)}; waiting for it`);
      for (const [kind, lines] of skippedLines(state, file))
        reportOnce(kind, `${lines} in ${file.path}`);
    }),
  );
}

function noFile({ path }: FollowedFile): string {
  return `${path} does not exist: a worker writes it with --metrics-jsonl ${path}`;
}
