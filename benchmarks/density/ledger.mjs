import { readFile, rm, writeFile } from 'node:fs/promises';

const FILE = new URL('./.partial.json', import.meta.url);
// Rows of one report are of one day: what else runs on a machine changes.
const FRESH_MS = 24 * 60 * 60 * 1_000;

/** What a run has measured so far, kept in a file: a run that was ended goes on where it was. */
export class Ledger {
  #content;
  #kept;

  constructor(content, kept) {
    this.#content = content;
    this.#kept = kept;
  }

  /** @param key what must be the same for rows to belong together; `fresh` begins anew; not `kept`: in memory only */
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

  /** The report has been written. */
  async close() {
    await rm(FILE, { force: true });
  }
}

async function read() {
  try {
    return JSON.parse(await readFile(FILE, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw new Error('benchmarks/density/.partial.json cannot be read; --fresh begins anew', {
      cause: error,
    });
  }
}
