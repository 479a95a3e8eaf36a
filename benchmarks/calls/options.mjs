import { parseArgs } from 'node:util';
import { ownMajor } from './node-programs.mjs';

/** The headline's row with the most calls is long enough for at least this many turns. */
const TURNS = 300;

/** Reads the command line. `turnSeconds`: the length of one turn of a caller, without the answer. */
export function readOptions(args, { workerKeys, turnSeconds }) {
  const { values } = parseArgs({
    args,
    options: {
      calls: { type: 'string' },
      seconds: { type: 'string' },
      workers: { type: 'string', default: workerKeys.join(',') },
      nodes: { type: 'string', default: ownMajor },
      // The same as --nodes, for one version.
      node: { type: 'string' },
      // Continue an interrupted run.
      resume: { type: 'boolean', default: false },
      // Only write the report again, from results.json.
      report: { type: 'boolean', default: false },
      // A short trial: it does not wait for a quiet machine and writes nothing.
      quick: { type: 'boolean', default: false },
    },
  });
  const { quick } = values;
  const calls = list(values.calls ?? (quick ? '1,2' : '1,5,7,10,12,15')).map((text) =>
    atLeast(1, '--calls', text),
  );
  const seconds = atLeast(
    Math.ceil(2 * turnSeconds),
    '--seconds',
    values.seconds ?? (quick ? 15 : 40),
  );
  const keys = list(values.workers);
  for (const key of keys) {
    if (!workerKeys.includes(key.replace(/@\d+$/, '')))
      throw new Error(`--workers takes ${workerKeys.join(',')}; there is no '${key}'`);
  }
  const most = Math.max(...calls);
  // The turns of each caller, and two more because the first and the last turn may be cut off.
  const atLength = Math.ceil((TURNS / most + 2) * turnSeconds);
  return {
    quick,
    resume: values.resume,
    report: values.report,
    nodes: list(values.node ?? values.nodes),
    keys,
    calls: calls.toSorted((a, b) => a - b),
    secondsOf: ({ headline }, count) =>
      headline && count === most && !quick ? Math.max(seconds, atLength) : seconds,
    /** The options that must be the same for a run and its `--resume`. */
    plan: { calls, seconds, keys, nodes: list(values.node ?? values.nodes) },
  };
}

function list(text) {
  return [...new Set(text.split(',').map((each) => each.trim()))];
}

function atLeast(least, name, text) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new Error(`${name} takes whole numbers of ${least} or more, not '${text}'`);
  return value;
}
