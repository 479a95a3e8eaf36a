import type { RuntimeSnapshot } from '@openrtc/core';
import { expect, test } from 'vitest';

import { slowCall, workerSnapshot } from './snapshot.fixture.js';
import { summaryLine, summaryLines } from './summary.js';

const busy: Partial<RuntimeSnapshot> = {
  notReady: ['full'],
  uptimeMs: 18_420_000,
  maxConcurrentSessions: 8,
  activeSessions: 7,
  reservedSessions: 1,
  totalSessionsStarted: 120,
  totalSessionFailures: 2,
  refused: { full: 2, unknown_agent: 1, draining: 0 },
  sessionsByAgent: { sales: 2, support: 5 },
  eventLoopLagMs: 12.4,
};

test('in a log it is one line', () => {
  expect(summaryLine(workerSnapshot(busy))).toBe(
    'openrtc: running (full), 7 and 1 to come of 8 calls; support 5, sales 2, 1 agent without a call; 120 started, 2 failed, 3 refused (full 2, unknown_agent 1); 212 MiB RSS, event loop 12 ms late; up 5h07m',
  );
});

test('for a worker without calls the line is short', () => {
  expect(summaryLine(workerSnapshot())).toBe(
    'openrtc: running, 0 of 50 calls; 3 agents without a call; 0 started, 0 failed, 0 refused; 212 MiB RSS; up 0s',
  );
});

test('on a terminal there are always four lines', () => {
  const health = { host: '127.0.0.1', port: 8_081 };
  expect(summaryLines(workerSnapshot())).toHaveLength(4);
  expect(summaryLines(workerSnapshot({ ...busy, health, lastRoutedAgent: 'sales' }))).toEqual([
    'openrtc running (full) · 7 and 1 to come of 8 calls · up 5h07m · LiveKit not connected yet · health at 127.0.0.1:8081',
    'support 5, sales 2, 1 agent without a call · last for sales',
    '120 started, 2 failed, 3 refused (full 2, unknown_agent 1) · 212 MiB RSS, event loop 12 ms late',
    '',
  ]);
});

test('a reason that equals the state is not repeated', () => {
  const draining = workerSnapshot({ state: 'draining', notReady: ['draining', 'disconnected'] });
  expect(summaryLine(draining)).toMatch(/^openrtc: draining \(disconnected\), /);
});

test('a call that blocks the others is shown with its function, instead of the last error', () => {
  const lastError = 'SESSION_AGENT_FAILED: no database';
  const slow = slowCall('a\u001B[2Jhostile\u202E room');
  expect(summaryLines(workerSnapshot({ lastError }))[3]).toBe(`last error: ${lastError}`);
  expect(summaryLines(workerSnapshot({ lastError, sessions: [slow] }))[3]).toBe(
    'slow: sales in the room a[2Jhostile room held the event loop for 813 ms in spin (sales.ts:12)',
  );
});

test('any error stays one line', () => {
  const lastError = `SESSION_AGENT_FAILED: ${'first\nsecond '.repeat(100)}`;
  const line = summaryLine(workerSnapshot({ lastError }));
  expect(line).not.toContain('\n');
  expect(Array.from(line).length).toBeLessThanOrEqual(400);
});

test('calls without an answer are shown with what failed, instead of the last error', () => {
  const mute = {
    ...slowCall('room'),
    status: 'unanswered',
    faults: {
      hookErrors: 0,
      toolErrors: 0,
      providerErrors: 2,
      providers: [{ kind: 'llm', label: 'openai.LLM', code: '401', recoverable: false, count: 2 }],
    },
  } as const;
  expect(summaryLines(workerSnapshot({ lastError: 'x', sessions: [mute] }))[3]).toBe(
    '1 call without an answer, one of sales: llm 401',
  );
});
