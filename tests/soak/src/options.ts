import { parseArgs } from 'node:util';

/** Calls of a full run. */
export const DEFAULT_CALLS = 200;

/** What a soak run is told. */
export interface SoakOptions {
  /** Calls in all; a reading is taken after half of them. */
  readonly calls: number;
  /** Calls at a time. */
  readonly concurrency: number;
  /** Folder for a heap snapshot of the worker at its end; none without. */
  readonly heap: string | undefined;
}

/** What `--help` prints. */
export const USAGE = `pnpm soak [--calls ${DEFAULT_CALLS}] [--concurrency 4] [--heap <folder>]
  --calls        calls in all; memory is compared between half of them and all
  --concurrency  calls at a time
  --heap         write heap snapshots of the worker into this folder, before and after`;

/** Reads the command line; throws with what is wrong about it. Undefined when help is wanted. */
export function readOptions(args: readonly string[]): SoakOptions | undefined {
  const { values } = parseArgs({
    // `pnpm soak -- --calls 8` hands the two dashes on.
    args: args[0] === '--' ? args.slice(1) : [...args],
    options: {
      calls: { type: 'string', default: String(DEFAULT_CALLS) },
      concurrency: { type: 'string', default: '4' },
      heap: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return undefined;
  return {
    calls: wholeNumber('--calls', values.calls, 2),
    concurrency: wholeNumber('--concurrency', values.concurrency, 1),
    heap: values.heap,
  };
}

function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new Error(`${name} needs a whole number of ${least} or more, not '${text}'.`);
}
