import { Job } from '@livekit/protocol';
import { expect, test } from 'vitest';

import { ticketOf } from '../call/ticket.fixture.js';
import { used } from '../call/used.fixture.js';
import { fromWire, readFromSessions, toWire } from './wire.js';

test('a ticket survives JSON unchanged, including the int64 and bytes of its job', () => {
  const job = new Job({ id: 'AJ_1', room: { name: 'bar', creationTime: 2n ** 62n } });
  const metadata = Object.assign(Object.create(null), { unicode: '\u{1F378}', list: [1] });
  const ticket = ticketOf({ room: 'bar-\u{1F378}', metadata }, { job, revision: 3 });
  const back = fromWire(JSON.parse(JSON.stringify(toWire(ticket))));
  expect(back).toEqual(ticket);
  expect(back.job.equals(job)).toBe(true);
  expect(Object.getPrototypeOf(back.info.metadata)).toBe(null);
  const { info } = back;
  expect([info, info.metadata, info.metadata['list']].every(Object.isFrozen)).toBe(true);
});

const error = { code: 'INTERNAL', message: 'x' };
const providerError = { kind: 'llm', label: 'x', code: '401', recoverable: false, message: 'no' };
const jobId = 'AJ_1';
const usage = used({ inputTokens: 1, outputTokens: 2 });
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
      event: {
        kind: 'ending',
        jobId,
        outcome: { status: 'failed', reason: 'failed', causedBy: 'worker', error },
      },
    },
  ],
  [{ kind: 'event', eventId: 4, event: { kind: 'usage', jobId, usage: [usage] } }],
  [{ kind: 'event', eventId: 4, event: { kind: 'provider_error', jobId, error: providerError } }],
  [{ kind: 'event', eventId: 4, event: { kind: 'turn', jobId, turn: { state: 'asked' } } }],
  [
    {
      kind: 'event',
      eventId: 4,
      event: {
        kind: 'turn',
        jobId,
        turn: { state: 'answered', firstTokenMs: 20, responseMs: 900 },
      },
    },
  ],
  [
    {
      kind: 'event',
      eventId: 4,
      event: { kind: 'turn', jobId, turn: { state: 'unanswered', reason: 'no_reply' } },
    },
  ],
  [{ kind: 'event', eventId: 5, event: { kind: 'blocked', jobId, block } }],
  [{ kind: 'ended', jobId }],
  [{ kind: 'ended', jobId, error }],
  [{ kind: 'infer', id: 1, method: 'm', data: null }],
  [{ kind: 'pong', id: 1 }],
  [{ kind: 'busy', busy: true }],
  [{ kind: 'tainted', error }],
])('%j is valid', (message) => {
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
  // The status, or who caused it, contradicts the reason.
  ...[
    { status: 'failed', reason: 'caller_left', causedBy: 'caller' },
    { status: 'success', reason: 'caller_left', causedBy: 'worker' },
    { status: 'success', reason: 'caller_left' },
    { status: 'failed', reason: 'failed', causedBy: 'agent', error },
  ].map((outcome): [unknown] => [
    { kind: 'event', eventId: 1, event: { kind: 'ending', jobId, outcome } },
  ]),
  [{ kind: 'event', eventId: 1, event: { kind: 'fault', jobId, fault: 'x', name: 'f', error } }],
  [{ kind: 'event', eventId: 1, event: { kind: 'provider_error', jobId, error } }],
  [{ kind: 'event', eventId: 1, event: { kind: 'turn', jobId, turn: { state: 'lost' } } }],
  [
    {
      kind: 'event',
      eventId: 1,
      event: { kind: 'turn', jobId, turn: { state: 'unanswered', reason: 'x' } },
    },
  ],
  [
    {
      kind: 'event',
      eventId: 1,
      event: { kind: 'turn', jobId, turn: { state: 'answered', responseMs: -1 } },
    },
  ],
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
])('%j is invalid', (message) => {
  expect(readFromSessions(message)).toBeUndefined();
});
