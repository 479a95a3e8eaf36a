import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import { optionsMarkdown } from './options-markdown.fixture.js';

test('the README contains the table of options of the command', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const [, shown] = /<!-- options -->\n\n([^]*?)\n\n<!-- \/options -->/.exec(readme) ?? [];
  expect(shown).toBe(optionsMarkdown());
});
