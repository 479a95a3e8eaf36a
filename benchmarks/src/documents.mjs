import { readFile, writeFile } from 'node:fs/promises';
import { machine } from './machine.mjs';

/** The run as it is kept in `results/`: when, on what, and the raw figures. */
export async function writeResults(name, figures) {
  const run = { date: new Date().toISOString(), machine, ...figures };
  await writeFile(
    new URL(`../results/${name}.json`, import.meta.url),
    `${JSON.stringify(run, null, 2)}\n`,
  );
  return run;
}

/** Writes what a run found between two markers of a document, whose path is from the root of the repository. */
export async function writeBlock(path, { begin, end }, text) {
  const file = new URL(`../../${path}`, import.meta.url);
  const document = await readFile(file, 'utf8');
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from === -1 || to < from) throw new Error(`${path} has no ${begin} … ${end}`);
  await writeFile(
    file,
    `${document.slice(0, from + begin.length)}\n\n${text.trim()}\n\n${document.slice(to)}`,
  );
}

/** A table in Markdown. */
export function markdownTable(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}
