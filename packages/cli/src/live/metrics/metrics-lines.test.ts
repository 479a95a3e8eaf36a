import { expect, test } from 'vitest';

import { widthOf } from '../cell-text.js';
import { plainText } from '../line.js';
import { drawn } from '../terminal.fixture.js';
import { event, line, snapshot } from './metrics-lines.fixture.js';
import { eventLine, metricsScreen, metricsText } from './metrics-lines.js';
import { MetricsState } from './metrics-state.js';

const source = { path: './metrics.jsonl', exists: true, broken: 0, restarts: 0 };
const HOSTILE = '\u001B]0;owned\u0007\u009B31m\u202Eevil\nname';

function stateOf(...lines: readonly string[]): MetricsState {
  const state = new MetricsState();
  for (const each of lines) state.add(each);
  return state;
}

const busy = () =>
  stateOf(
    line({}),
    line({
      worker: 'box-200-b',
      payload: { ...snapshot, activeSessions: 3, sessionsByAgent: { support: 3 } },
    }),
    line({ seq: 2, kind: 'event', payload: { ...event, event: 'session_started' } }),
    line({ seq: 5, kind: 'event', payload: event }),
    'no JSON',
    line({ schemaVersion: 3 }),
  );

test('summary, workers and the last events on one screen', async () => {
  const size = { columns: 120, rows: 20 };
  const terminal = await drawn(metricsScreen(busy(), source, size), size);
  const text = await terminal.text();
  expect(text[0]).toBe(
    'openrtc tui  2 workers  5 calls  18 started  2 failed  2 lines lost  ./metrics.jsonl',
  );
  expect(text[1]).toBe('1 line of version 3, which needs a newer openrtc; 1 line not JSON');
  expect(text[2]).toBe('calls by agent:  support 3  sales 2  last route: sales');
  expect(text[4]).toMatch(
    /^WORKER +STATE +MODE +CALLS +STARTED +FAILED +MEM +LAG +UP +LAST LINE +LOST$/,
  );
  expect(text[5]).toMatch(
    /^box-100-a +running +coroutine +2\/50 +9 +1 +210M +12ms +1h01m +\d\d:\d\d:\d\d +2$/,
  );
  expect(text[6]).toMatch(/^box-200-b .* 3\/50 /);
  expect(text[8]).toMatch(/^TIME +EVENT +AGENT +TENANT +JOB +DETAIL$/);
  expect(text[9]).toMatch(/ session_started +sales +acme +AJ_1/);
  expect(text[10]).toMatch(
    / session_failed +sales +acme +AJ_1 +failed, after 12s, SESSION_UNCAUGHT: boom$/,
  );
  expect(text.at(-1)).toBe('q quit');
});

test('it says which file it is waiting for', async () => {
  const size = { columns: 80, rows: 5 };
  const lines = metricsScreen(new MetricsState(), { ...source, exists: false }, size);
  expect((await (await drawn(lines, size)).text())[0]).toBe(
    'openrtc tui  waiting for  ./metrics.jsonl',
  );
});

test('every size is filled, whatever is in the file, and nothing controls the terminal', async () => {
  const hostile = stateOf(
    line({
      worker: HOSTILE,
      payload: {
        ...snapshot,
        state: HOSTILE,
        lastError: HOSTILE,
        sessionsByAgent: { [HOSTILE]: 1 },
      },
    }),
    ...Array.from({ length: 30 }, (_, at) =>
      line({
        seq: at + 2,
        kind: 'event',
        payload: { ...event, agent: HOSTILE, error: HOSTILE, event: HOSTILE },
      }),
    ),
  );
  for (const rows of [1, 2, 3, 4, 5, 6, 8, 12, 30])
    for (let columns = 1; columns < 150; columns += 9) {
      const lines = metricsScreen(hostile, { ...source, path: HOSTILE }, { columns, rows });
      expect(lines).toHaveLength(rows);
      for (const each of lines) {
        expect(widthOf(plainText(each))).toBeLessThanOrEqual(columns);
        expect(plainText(each)).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
      }
    }
});

test('as text: the last state, and events as searchable lines', () => {
  const text = metricsText(busy(), source, Number.POSITIVE_INFINITY).map(plainText);
  expect(text.join('\n')).toContain('box-200-b');
  const [, failed] = busy().events;
  expect(failed && eventLine(failed)).toBe(
    '2026-11-18T11:06:40.000Z  session_failed  box-100-a  sales  acme  AJ_1  failed, after 12s, SESSION_UNCAUGHT: boom',
  );
});
