import { expect, test } from 'vitest';

import { CallHistory, type CallWorth, worthOf } from './call-worth.js';
import type { SessionEvent } from './session-event.js';
import { failureOf, outcomeOf, type SessionOutcome } from './session-outcome.js';
import type { UnansweredReason } from './session-turn.js';

const jobId = 'AJ_1';
const provider = (recoverable: boolean): SessionEvent => ({
  kind: 'provider_error',
  jobId,
  error: { kind: 'llm', label: 'x.LLM', code: '401', recoverable, message: 'no key' },
});
const turn = (state: 'asked' | 'answered' | 'interrupted'): SessionEvent => ({
  kind: 'turn',
  jobId,
  turn: { state },
});
const unanswered = (reason: UnansweredReason): SessionEvent => ({
  kind: 'turn',
  jobId,
  turn: { state: 'unanswered', reason },
});
const failed = (code: string): SessionOutcome => failureOf({ message: 'boom', code });

test.each<[string, readonly SessionEvent[], SessionOutcome | undefined, CallWorth]>([
  ['nothing yet', [{ kind: 'joined', jobId }, turn('asked')], undefined, 'unknown'],
  ['an answer', [turn('asked'), turn('answered')], undefined, 'answered'],
  ['an error after which the SDK tries again', [provider(true)], undefined, 'unknown'],
  ['a final error of a provider', [provider(false)], undefined, 'unanswered'],
  ['an answer, then a final error', [turn('answered'), provider(false)], undefined, 'unanswered'],
  ['a final error, then an answer', [provider(false), turn('answered')], undefined, 'answered'],
  ['a failed provider', [unanswered('provider_error')], undefined, 'unanswered'],
  ['a failed hook', [unanswered('hook_error')], undefined, 'unanswered'],
  ['an empty answer', [unanswered('no_reply')], undefined, 'unanswered'],
  ['a noise', [unanswered('no_transcript')], undefined, 'unknown'],
  ['a caller who leaves', [unanswered('call_ended')], outcomeOf('caller_left'), 'unknown'],
  ['a caller who interrupts', [turn('interrupted')], undefined, 'unknown'],
  [
    'a failed hook that was no turn',
    [
      {
        kind: 'fault',
        jobId,
        fault: 'hook',
        name: 'onExit',
        error: { code: 'INTERNAL', message: 'x' },
      },
    ],
    undefined,
    'unknown',
  ],
  ['an answered call that ends', [turn('answered')], outcomeOf('caller_left'), 'answered'],
  ['an unanswered call that ends', [provider(false)], outcomeOf('caller_left'), 'unanswered'],
  [
    'an answered call that a deploy cuts',
    [turn('answered')],
    outcomeOf('drain_timeout'),
    'answered',
  ],
  ['a constructor that throws', [], failed('SESSION_AGENT_FAILED'), 'failed'],
  [
    'a provider that closes the session',
    [turn('answered')],
    failed('SESSION_CLOSED_WITH_ERROR'),
    'failed',
  ],
  ['a lost connection', [], failed('SESSION_CONNECTION_LOST'), 'unknown'],
  ['a process that is lost', [turn('answered')], failed('ISOLATION_LOST'), 'answered'],
  ['a deleted room', [], failed('SESSION_WRONG_ROOM'), 'unknown'],
])('what a call is worth: %s', (_what, events, outcome, expected) => {
  const history = new CallHistory();
  for (const event of events) history.add(event);
  expect(worthOf(history, outcome)).toBe(expected);
});
