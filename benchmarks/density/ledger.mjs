import { readFile, rm, writeFile } from 'node:fs/promises';

const FILE = new URL('./.partial.json', import.meta.url);
// The rows of a report must come from one day: the load of a machine changes.
const FRESH_MS = 24 * 60 * 60 * 1_000;

/** The rows of a run so far, saved in a file so that an interrupted run can continue. */
export class Ledger {
  #content;
  #kept;

  constructor(content, kept) {
    this.#content = content;
    this.#kept = kept;
  }

  /** @param key must be the same for all rows of a run. `fresh`: ignore saved rows. `kept`: save rows in the file. */
  static async open(key, { fresh, kept }) {
    const found = fresh || !kept ? undefined : await read();
    const fits =
      found !== undefined &&
      found.key === key &&
      Date.now() - Date.parse(found.startedAt) < FRESH_MS;
    const content = fits ? found : { key, startedAt: new Date().toISOString(), rows: {} };
    return new Ledger(content, kept);
  }

  get startedAt() {
    return this.#content.startedAt;
  }

  get rows() {
    return this.#content.rows;
  }

  async add(id, row) {
    this.#content.rows[id] = row;
    if (this.#kept) await writeFile(FILE, JSON.stringify(this.#content));
  }

  /** Deletes the saved rows: the report has been written. */
  async close() {
    await rm(FILE, { force: true });
  }
}

async function read() {
  try {
    return JSON.parse(await readFile(FILE, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw new Error('benchmarks/density/.partial.json cannot be read; --fresh starts again', {
      cause: error,
    });
  }
}
