// Where the time of a run went, as a table.
import { join, relative } from 'node:path';
import { root } from './packages.mjs';

const SLOWEST_FILES = 3;

/** What vitest's json reporter says about the time of one package. */
export function packageTimes(folder, report) {
  const files = report.testResults.map(({ name, startTime, endTime, assertionResults }) => ({
    name: relative(join(root, folder), name),
    tests: assertionResults.length,
    ms: endTime - startTime,
    endTime,
  }));
  const ended = files.map(({ endTime }) => endTime);
  return {
    folder,
    tests: files.reduce((total, { tests }) => total + tests, 0),
    // Of the whole package, and the sum of its files, of which several may run at a time.
    ms: Math.max(report.startTime, ...ended) - report.startTime,
    filesMs: files.reduce((total, { ms }) => total + ms, 0),
    slowest: files.toSorted((a, b) => b.ms - a.ms).slice(0, SLOWEST_FILES),
  };
}

/** Takes the time of the stages of a run. */
export class StageTimes {
  #startedAt = performance.now();
  #rows = [];

  /** Does the work of a stage; stages may overlap. */
  async of(name, work) {
    const before = performance.now();
    try {
      return await work();
    } finally {
      this.#rows.push([`**${name}**`, seconds(performance.now() - before), '', '', '']);
    }
  }

  /** Adds a row for each package of the stage that has ended. */
  addPackages(packages) {
    for (const { folder, ms, filesMs, tests, slowest } of packages.toSorted((a, b) => b.ms - a.ms))
      this.#rows.push([
        folder,
        seconds(ms),
        seconds(filesMs),
        String(tests),
        slowest.map(({ name, ms }) => `${name} ${seconds(ms)}`).join(', '),
      ]);
  }

  /** The lines of a Markdown table. */
  table() {
    const whole = ['**together**', seconds(performance.now() - this.#startedAt), '', '', ''];
    const rows = [...this.#rows, whole];
    return [
      '\nWhere the time went, in seconds:\n',
      '| what | time | sum of its files | tests | slowest files |',
      '|---|--:|--:|--:|---|',
      ...rows.map((cells) => `| ${cells.join(' | ')} |`),
      '',
    ];
  }
}

function seconds(ms) {
  return (ms / 1_000).toFixed(ms < 10_000 ? 1 : 0);
}
