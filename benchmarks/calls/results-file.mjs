import { readFile, rename, rm, writeFile } from 'node:fs/promises';

const file = (name) => new URL(`./${name}`, import.meta.url);
const RESULTS = file('results.json');
// What a run has measured so far; not committed.
const PARTIAL = file('results.partial.json');

/** The rows of a run in progress, saved so that it can be resumed. */
export class PartialResults {
  #plan;
  rows;

  /** With `resume`, starts with the rows of the interrupted run, except failed ones, which are measured again. */
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

  /** Writes `results.json` and deletes the saved rows. */
  async finish(run) {
    await write(RESULTS, run);
    await rm(PARTIAL, { force: true });
  }
}

/** The last complete run. */
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
      `The interrupted run had other options: ${JSON.stringify(kept.plan)}. Resume it with the same ones, or start without --resume.`,
    );
  return kept.rows.filter(({ failed }) => failed === undefined);
}

/** Writes a file atomically: a run may be interrupted at any time. */
async function write(target, content) {
  const partial = new URL(`${target.href}.writing`);
  // A list of numbers goes on one line: there are hundreds of turns.
  const text = JSON.stringify(content, null, 2).replaceAll(/\[[-\d.,\snul]+\]/g, (list) =>
    list.replaceAll(/\s+/g, ''),
  );
  await writeFile(partial, `${text}\n`);
  await rename(partial, target);
}
