import { readFile, rename, rm, writeFile } from 'node:fs/promises';

const file = (name) => new URL(`./${name}`, import.meta.url);
const RESULTS = file('results.json');
// Not committed: what a run has measured so far.
const PARTIAL = file('results.partial.json');

/** Keeps the rows of a run that goes on, so that it can be resumed. */
export class PartialResults {
  #plan;
  rows;

  /** Those of the run that was broken off with `resume`, the failed ones left out to be tried again; else none. */
  static async open({ resume, plan }) {
    const partial = new PartialResults();
    partial.#plan = plan;
    partial.rows = resume ? await rowsOf(plan) : [];
    return partial;
  }

  find({ key }, calls) {
    return this.rows.find((row) => row.key === key && row.calls === calls);
  }

  async add(row) {
    this.rows.push(row);
    await write(PARTIAL, { plan: this.#plan, rows: this.rows });
  }

  /** The run is over: `results.json` takes its place. */
  async finish(run) {
    await write(RESULTS, run);
    await rm(PARTIAL, { force: true });
  }
}

/** The run that was written last. */
export async function readResults() {
  return JSON.parse(await readFile(RESULTS, 'utf8'));
}

export function writeDocument(name, text) {
  return writeFile(file(name), text);
}

async function rowsOf(plan) {
  let text;
  try {
    text = await readFile(PARTIAL, 'utf8');
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    throw new Error('There is no run to resume: start one without --resume.', { cause: error });
  }
  const kept = JSON.parse(text);
  if (JSON.stringify(kept.plan) !== JSON.stringify(plan))
    throw new Error(
      `The run to resume was another one, ${JSON.stringify(kept.plan)}: resume it with the same options, or start anew.`,
    );
  return kept.rows.filter(({ failed }) => failed === undefined);
}

/** Whole or not at all: a run may be broken off at any time. */
async function write(target, content) {
  const partial = new URL(`${target.href}.writing`);
  // A list of numbers stays on its line: there are hundreds of turns.
  const text = JSON.stringify(content, null, 2).replaceAll(/\[[-\d.,\snul]+\]/g, (list) =>
    list.replaceAll(/\s+/g, ''),
  );
  await writeFile(partial, `${text}\n`);
  await rename(partial, target);
}
