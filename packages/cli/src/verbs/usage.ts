import { exitCode } from '../exit-code.js';
import { type Host, writeMessage } from '../host.js';
import { counted } from '../live/figures.js';
import { terminalJson } from '../terminal-text.js';
import { UsageError } from '../usage-error.js';
import { type SeenCall, CallLog } from './usage/call-log.js';
import { type Dimension, DEFAULT_BY } from './usage/dimensions.js';
import { chunksOf, closeFiles, openMetricsFiles, readLines } from './usage/metrics-files.js';
import { PriceTable } from './usage/price-table.js';
import { printAll } from './usage/print-all.js';
import { csvLines } from './usage/usage-csv.js';
import { UsageProblems } from './usage/usage-problems.js';
import { MAX_ENTRIES, TooManyGroups, type UsageGroup, UsageTable } from './usage/usage-table.js';
import type { ViewContext } from './verb-context.js';

/** The output of `usage --json`; see schemas/usage.schema.json. */
export interface UsageJson {
  readonly schemaVersion: 1;
  readonly command: 'usage';
  /** Unix time in milliseconds; null: no limit. */
  readonly from: number | null;
  readonly to: number | null;
  readonly currency: string | null;
  readonly groups: readonly (UsageGroup['of'] & Omit<UsageGroup, 'of'>)[];
  readonly skippedLines: number;
  readonly missingLines: number;
  readonly droppedLines: number;
  /** Calls without an end, counted or not. */
  readonly unfinishedCalls: number;
}

/** `usage`: adds up what the calls in metrics files have used, as CSV or JSON. */
export async function run({ flags, host }: ViewContext): Promise<number> {
  const { files = [], by = DEFAULT_BY, from, to, unfinished = false } = flags;
  if (from !== undefined && to !== undefined && from >= to)
    throw new UsageError('--from must be before --to, which is the first time that is not counted');
  const prices = flags.prices === undefined ? undefined : await PriceTable.read(flags.prices);
  const table = new UsageTable(by);
  const problems = new UsageProblems(host);
  const count = (call: SeenCall) => {
    if (call.at >= (from ?? call.at) && call.at < (to ?? Infinity)) table.add(call);
  };
  const log = new CallLog(count);
  try {
    await readAll(files, host, log, problems);
    if (unfinished) log.unfinished.forEach(count);
  } catch (error) {
    if (!(error instanceof TooManyGroups)) throw error;
    writeMessage(
      host,
      `more than ${MAX_ENTRIES} rows: choose a shorter time with --from and --to, or less with --by`,
    );
    return exitCode.failed;
  }
  problems.end(log, { unfinished });
  const groups = table.groups(prices);
  problems.costs(
    prices,
    groups.reduce((sum, { callsWithoutUsage }) => sum + callsWithoutUsage, 0),
  );
  if (groups.length === 0) {
    const when = from === undefined && to === undefined ? '' : ' in this time';
    writeMessage(host, `no call has ended${when} in ${counted(files.length, 'file')}`);
    return exitCode.failed;
  }
  const limits = { from: from ?? null, to: to ?? null };
  return printAll(
    host,
    flags.json
      ? [jsonText({ ...limits, currency: prices?.currency ?? null, groups, problems, log })]
      : csvText(groups, by, prices?.currency ?? ''),
  );
}

async function readAll(
  paths: readonly string[],
  host: Host,
  log: CallLog,
  problems: UsageProblems,
): Promise<void> {
  const read = (path: string, chunks: AsyncIterable<Buffer | string>) =>
    readLines(
      chunks,
      (line, number) => problems.line(log.add(line), path, number),
      (number) => problems.line('tooLong', path, number),
    );
  const files = await openMetricsFiles(paths.filter((path) => path !== '-'));
  try {
    for (const file of files) await read(file.path, chunksOf(file));
  } finally {
    await closeFiles(files);
  }
  if (!paths.includes('-')) return;
  if (host.stdin.isTTY)
    throw new UsageError(
      '- reads stdin: pipe the lines, as in zcat metrics.jsonl.*.gz | openrtc usage -',
    );
  await read('stdin', stdinChunks(host));
}

async function* stdinChunks({ stdin }: Host): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of stdin) yield chunk as Buffer;
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    throw new UsageError(`stdin cannot be read (${code})`, { cause: error });
  }
}

function* csvText(
  groups: readonly UsageGroup[],
  by: readonly Dimension[],
  currency: string,
): Generator<string> {
  for (const line of csvLines(groups, by, currency)) yield `${line}\r\n`;
}

function jsonText({
  groups,
  problems,
  log,
  ...head
}: Pick<UsageJson, 'from' | 'to' | 'currency'> & {
  readonly groups: readonly UsageGroup[];
  readonly problems: UsageProblems;
  readonly log: CallLog;
}): string {
  const json: UsageJson = {
    schemaVersion: 1,
    command: 'usage',
    ...head,
    groups: groups.map(({ of, ...group }) => ({ ...of, ...group })),
    skippedLines: problems.skipped,
    missingLines: log.missing,
    droppedLines: log.dropped,
    unfinishedCalls: log.unfinished.length,
  };
  return `${terminalJson(JSON.stringify(json, undefined, 2))}\n`;
}
