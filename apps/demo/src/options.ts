import { parseArgs } from 'node:util';

/** Options of the demo. */
export interface DemoOptions {
  calls: number;
  atOnce: number;
  embedded: boolean;
  keep: boolean;
  /** Shows hot reload in one call, in place of the calls. */
  reload: boolean;
  verbose: boolean;
}

/** The command line is wrong; the message is for people. */
export class UsageError extends Error {}

/** The output of `--help`. */
export const help = `Usage: npm start -- [options]

Runs three voice agents in one Node process, calls them, and shows what happened.

  --calls N     number of calls (default 10)
  --at-once N   calls at the same time (default 5)
  --embedded    text calls to the embedded endpoint, without a livekit-server
  --keep        stay after the calls, so that you can call the agents yourself
  --reload-demo change an agent while its call goes on, in place of all this: one text call
  --verbose     write the worker's log to a file
  --help        print this

The demo looks for a livekit-server in this order: LIVEKIT_URL (with LIVEKIT_API_KEY and
LIVEKIT_API_SECRET), LIVEKIT_SERVER_BIN, the PATH, an earlier build, a build with Go.`;

// More than a small machine can take, including callers and server.
const MAX_AT_ONCE = 25;
const MAX_CALLS = 500;

/** Reads the command line; returns 'help' for `--help`. @throws UsageError */
export function readOptions(args: readonly string[]): DemoOptions | 'help' {
  const values = parse(args);
  if (values.help) return 'help';
  const reload = values['reload-demo'] ?? false;
  if (reload && (values.calls ?? values['at-once'] ?? values.keep) !== undefined)
    throw new UsageError('--reload-demo has one call: it takes no --calls, --at-once or --keep.');
  const calls = count('--calls', values.calls, MAX_CALLS) ?? 10;
  const atOnce = count('--at-once', values['at-once'], MAX_AT_ONCE) ?? Math.min(5, calls);
  if (atOnce > calls) {
    throw new UsageError(`--at-once ${atOnce} is more than the ${calls} calls there are.`);
  }
  return {
    calls,
    atOnce,
    embedded: values.embedded ?? false,
    keep: values.keep ?? false,
    reload,
    verbose: values.verbose ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        calls: { type: 'string' },
        'at-once': { type: 'string' },
        embedded: { type: 'boolean' },
        keep: { type: 'boolean' },
        'reload-demo': { type: 'boolean' },
        verbose: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

function count(flag: string, text: string | undefined, max: number): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= max) return number;
  throw new UsageError(`${flag} takes a whole number from 1 to ${max}, not '${text}'.`);
}
