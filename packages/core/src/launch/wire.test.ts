import { expect, test } from 'vitest';

import type { JobTicket } from '../call/job-ticket.js';
import { fromWire, readFromSessions, toWire } from './wire.js';

test('a ticket comes back from JSON as it was, its bytes included', () => {
  const ticket: JobTicket = {
    jobId: 'AJ_1',
    agent: 'bar',
    tenant: 'default',
    room: 'bar-\u{1F378}',
    identity: 'agent-AJ_1',
    workerId: 'AW_1',
    generation: 0,
    media: { kind: 'room', url: 'wss://livekit', token: 'ey' },
    job: new Uint8Array([0, 255, 128, 10]),
  };
  expect(fromWire(JSON.parse(JSON.stringify(toWire(ticket))))).toEqual(ticket);
});

const error = { code: 'INTERNAL', message: 'x' };
const jobId = 'AJ_1';
const usage = {
  kind: 'llm',
  provider: 'openai',
  model: 'small',
  inputTokens: 1,
  cachedInputTokens: 0,
  outputTokens: 2,
  characters: 0,
  audioSeconds: 0,
};
const block = {
  startedAt: 1,
  durationMs: 600,
  cause: 'code',
  stack: [{ function: 'f', file: 'x.js', line: 1 }],
};

test.each<[object]>([
  [{ kind: 'here', protocol: 1 }],
  [{ kind: 'ready', warnings: ['w'] }],
  [{ kind: 'broken', error }],
  [{ kind: 'event', eventId: 1, event: { kind: 'joined', jobId } }],
  [{ kind: 'event', eventId: 2, event: { kind: 'fault', jobId, fault: 'tool', name: 'f', error } }],
  [
    {
      kind: 'event',
      eventId: 3,
      event: { kind: 'ending', jobId, outcome: { status: 'failed', reason: 'failed', error } },
    },
  ],
  [{ kind: 'event', eventId: 4, event: { kind: 'usage', jobId, usage: [usage] } }],
  [{ kind: 'event', eventId: 5, event: { kind: 'blocked', jobId, block } }],
  [{ kind: 'ended', jobId }],
  [{ kind: 'ended', jobId, error }],
  [{ kind: 'infer', id: 1, method: 'm', data: null }],
  [{ kind: 'pong', id: 1 }],
  [{ kind: 'busy', busy: true }],
  [{ kind: 'tainted', error }],
])('%j is taken', (message) => {
  expect(readFromSessions(message)).toBe(message);
});

test.each<[unknown]>([
  [null],
  ['ready'],
  [{ kind: 'toString' }],
  [{ kind: 'here', protocol: '1' }],
  [{ kind: 'ready', warnings: [1] }],
  [{ kind: 'broken', error: 'x' }],
  [{ kind: 'event', eventId: 1, event: { kind: 'joined' } }],
  [{ kind: 'event', eventId: 1.5, event: { kind: 'joined', jobId } }],
  [{ kind: 'event', eventId: 1, event: { kind: 'memory', jobId, memory: {} } }],
  [{ kind: 'event', eventId: 1, event: { kind: 'ending', jobId } }],
  // A success that calls itself failed.
  [
    {
      kind: 'event',
      eventId: 1,
      event: { kind: 'ending', jobId, outcome: { status: 'failed', reason: 'caller_left' } },
    },
  ],
  [{ kind: 'event', eventId: 1, event: { kind: 'fault', jobId, fault: 'x', name: 'f', error } }],
  [
    {
      kind: 'event',
      eventId: 1,
      event: { kind: 'usage', jobId, usage: [{ ...usage, inputTokens: -1 }] },
    },
  ],
  [{ kind: 'event', eventId: 1, event: { kind: 'usage', jobId, usage: Array(33).fill(usage) } }],
  [{ kind: 'event', eventId: 1, event: { kind: 'blocked', jobId, block: { ...block, stack: 1 } } }],
  [{ kind: 'ended', jobId: 1 }],
  [{ kind: 'ended', jobId, error: {} }],
  [{ kind: 'infer', id: 1 }],
  [{ kind: 'pong' }],
  [{ kind: 'busy' }],
  [{ kind: 'tainted' }],
])('%j is not', (message) => {
  expect(readFromSessions(message)).toBeUndefined();
});
