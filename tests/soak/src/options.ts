import { parseArgs } from 'node:util';

/** Calls of a full run. */
export const DEFAULT_CALLS = 200;

/** Options of a soak run. */
export interface SoakOptions {
  /** Calls in all; a reading is taken after half of them. */
  readonly calls: number;
  /** Calls at a time. */
  readonly concurrency: number;
  /** Where calls run: `coroutine`, `processes`, or `processes:5` for five calls in each. */
  readonly isolation: string;
  /** Whether the agents play music and never close their player. */
  readonly music: boolean;
  /** Folder for heap snapshots of the worker; without it, none are written. */
  readonly heap: string | undefined;
}

/** The output of `--help`. */
export const USAGE = `pnpm soak [--calls ${DEFAULT_CALLS}] [--concurrency 4] [--isolation coroutine] [--music] [--heap <folder>]
  --calls        total number of calls; memory is compared between half of them and all
  --concurrency  calls at a time
  --isolation    coroutine, processes, or processes:5 for five calls in each
  --music        the agents play music behind their calls, and never close the player
  --heap         write heap snapshots of the worker into this folder, before and after`;

/** Reads the command line; undefined for `--help`. Throws an error for people when it is wrong. */
export function readOptions(args: readonly string[]): SoakOptions | undefined {
  const { values } = parseArgs({
    // `pnpm soak -- --calls 8` passes on the two dashes.
    args: args[0] === '--' ? args.slice(1) : [...args],
    options: {
      calls: { type: 'string', default: String(DEFAULT_CALLS) },
      concurrency: { type: 'string', default: '4' },
      isolation: { type: 'string', default: 'coroutine' },
      music: { type: 'boolean', default: false },
      heap: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return undefined;
  return {
    calls: wholeNumber('--calls', values.calls, 2),
    concurrency: wholeNumber('--concurrency', values.concurrency, 1),
    isolation: knownIsolation(values.isolation),
    music: values.music,
    heap: values.heap,
  };
}

function knownIsolation(text: string): string {
  if (/^(coroutine|processes(:[1-9]\d*)?)$/.test(text)) return text;
  throw new Error(
    `--isolation is coroutine, processes or processes:<calls in each>, not '${text}'.`,
  );
}

function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new Error(`${name} needs a whole number of ${least} or more, not '${text}'.`);
}
