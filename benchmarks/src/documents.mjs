import { readFile, writeFile } from 'node:fs/promises';
import { machine } from './machine.mjs';
import { median } from './statistics.mjs';

const root = new URL('../../', import.meta.url);

/**
 * Saves the figures of a run in `results/` and writes its report into a document. With `dryRun`, only prints the
 * report. The first argument is one of `reports/`.
 */
export async function publish({ name, document, report }, figures, { dryRun }) {
  if (dryRun) {
    console.log(report({ date: 'now', machine: 'tried', ...figures }));
    return;
  }
  const run = { date: new Date().toISOString(), machine, ...figures };
  const file = new URL(`benchmarks/results/${name}.json`, root);
  await writeFile(file, `${JSON.stringify(run, null, 2)}\n`);
  await writeBlock(document, name, report(run));
}

/** Replaces the block `<!-- bench:name -->` of a document; `path` is relative to the root of the repository. */
export async function writeBlock(path, name, text) {
  const file = new URL(path, root);
  const { before, after } = blockOf(await readFile(file, 'utf8'), name, path);
  await writeFile(file, `${before}\n\n${text.trim()}\n\n${after}`);
}

/** The text of a block of a document, without its markers. */
export async function readBlock(path, name) {
  return blockOf(await readFile(new URL(path, root), 'utf8'), name, path).text.trim();
}

function blockOf(document, name, path) {
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const from = document.indexOf(begin) + begin.length;
  const to = document.indexOf(end);
  if (!document.includes(begin) || to < from) throw new Error(`${path} has no ${begin} … ${end}`);
  return {
    before: document.slice(0, from),
    text: document.slice(from, to),
    after: document.slice(to),
  };
}

/** A table in Markdown. */
export function markdownTable(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

/** How every report begins. */
export function runOf({ date, machine: where }) {
  return `Run of ${date.slice(0, 10)}: ${where}.`;
}

/** `median (lowest–highest)`. */
export function medianAndRange(values) {
  return `${median(values)} (${Math.min(...values)}–${Math.max(...values)})`;
}
