import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import { slowCall, workerSnapshot } from './snapshot.fixture.js';
import { summaryLines } from './summary.js';

test('the README shows the real dashboard', () => {
  const lines = summaryLines(
    workerSnapshot({
      health: { host: '127.0.0.1', port: 40_213 },
      livekit: { state: 'registered', workerId: 'AW_1', reconnects: 0, registrations: [] },
      uptimeMs: 760_000,
      activeSessions: 3,
      sessionsByAgent: { support: 2, sales: 1 },
      lastRoutedAgent: 'support',
      totalSessionsStarted: 18,
      refused: { unknown_agent: 2 },
      eventLoopLagMs: 11,
      sessions: [slowCall('sales-42')],
    }),
  );
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const [, shown] =
    /<!-- dashboard -->\n\n```\n([^]*?)\n```\n\n<!-- \/dashboard -->/.exec(readme) ?? [];
  expect(shown).toBe(lines.join('\n'));
});
