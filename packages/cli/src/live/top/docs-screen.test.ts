import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import { drawn } from '../terminal.fixture.js';
import { topScreen } from './top-lines.js';
import { initialView } from './top-view.js';
import { tenCalls } from './workers.fixture.js';

test('docs/live-views.md shows the screen as a terminal does', async () => {
  const size = { columns: 154, rows: 16 };
  const state = { workers: tenCalls(), problems: [], nowMs: 0 };
  const terminal = await drawn(topScreen(state, initialView({}), size).lines, size);
  const page = readFileSync(new URL('../../../../../docs/live-views.md', import.meta.url), 'utf8');
  const [, shown] = /<!-- top -->\n\n```text\n([^]*?)\n```\n\n<!-- \/top -->/.exec(page) ?? [];
  expect(shown).toBe((await terminal.text()).join('\n'));
});
