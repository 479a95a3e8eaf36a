import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { repository } from './packed-project.js';

/** The text of README.md and of every page in docs/. */
export async function readPages(): Promise<readonly string[]> {
  const docs = await readdir(join(repository, 'docs'));
  const names = docs.filter((name) => name.endsWith('.md')).map((name) => join('docs', name));
  return Promise.all(
    ['README.md', ...names].map((name) => readFile(join(repository, name), 'utf8')),
  );
}

/** The page with `<!-- example: name -->`. Throws unless exactly one page has it. */
export function pageWith(pages: readonly string[], name: string): string {
  const marker = `<!-- example: ${name} -->`;
  const found = pages.filter((page) => page.includes(marker));
  const [page] = found;
  if (page === undefined || found.length > 1)
    throw new Error(`${found.length} pages have "${marker}", it must be one`);
  return page;
}
