import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

import { auditCatalog } from './audit-catalog.js';

test('docs/audit.md lists exactly the events there are, with their details', async () => {
  const text = await readFile(new URL('../../../../docs/audit.md', import.meta.url), 'utf8');
  const rows = text.split('\n').filter((line) => /^\| `[a-z]+\.[a-z_]+` \|/.test(line));
  expect(rows).toEqual(
    Object.entries(auditCatalog).map(([name, { when, details }]) => {
      const names = Object.keys(details).map((detail) => `\`${detail}\``);
      return `| \`${name}\` | ${when} | ${names.join(', ')} |`;
    }),
  );
});
