import { parseArgs } from 'node:util';
import { ownMajor } from './node-programs.mjs';

/** Turns that the headline's row with the most calls consists of at least, where they are not missed. */
const TURNS = 300;

/** What the command line says. `turnSeconds`: how long one turn of a caller is, the answer apart. */
export function readOptions(args, { workerKeys, turnSeconds }) {
  const { values } = parseArgs({
    args,
    options: {
      calls: { type: 'string' },
      seconds: { type: 'string' },
      workers: { type: 'string', default: workerKeys.join(',') },
      nodes: { type: 'string', default: ownMajor },
      // The same as --nodes, for one.
      node: { type: 'string' },
      // Goes on where a run was broken off.
      resume: { type: 'boolean', default: false },
      // Writes the report anew from results.json, and measures nothing.
      report: { type: 'boolean', default: false },
      // To try the script: short, on a busy machine, and nothing is written.
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
  // Turns of each caller, and two for those that are under way at the beginning and at the end.
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
    /** What must not change between a run and its `--resume`. */
    plan: { calls, seconds, keys, nodes: list(values.node ?? values.nodes) },
  };
}

function list(text) {
  return [...new Set(text.split(',').map((each) => each.trim()))];
}

function atLeast(least, name, text) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new Error(`${name} takes whole numbers from ${least} on; not ${text}`);
  return value;
}
