import { expect, test } from 'vitest';

import { deferred } from '../base/deferred.js';
import { OpenRtcError } from '../base/errors.js';
import { outcomeOf, type SessionOutcome } from '../call/session-outcome.js';
import { Settlement } from './settlement.js';

const hungUp = outcomeOf('caller_left');

/** Records the actions of a settlement, in order. */
function witness(sendFinal = () => Promise.resolve()) {
  const seen: string[] = [];
  const outcomes: SessionOutcome[] = [];
  const settlement = new Settlement({
    sendFinal: (outcome) => {
      seen.push(`final ${outcome.status}`);
      return sendFinal();
    },
    removeGhost: async () => {
      seen.push('ghost removed');
    },
    done: (outcome) => {
      seen.push(`done ${outcome.status}`);
      outcomes.push(outcome);
    },
  });
  return { settlement, seen, outcomes };
}

const lost = () => ({ reason: new OpenRtcError('ISOLATION_LOST', 'the child died') });

test('a call that reports its end is first reported to LiveKit and then counted', async () => {
  const { settlement, seen, outcomes } = witness();
  await settlement.ending(hungUp);
  await settlement.settled();
  expect(seen).toEqual(['final success', 'done success']);
  expect(outcomes).toEqual([hungUp]);
});

test('a call waits in its room until LiveKit has its final status', async () => {
  const taken = deferred();
  const { settlement } = witness(() => taken.promise);
  let left = false;
  const ending = settlement.ending(hungUp).then(() => {
    left = true;
  });
  await Promise.resolve();
  expect(left).toBe(false);
  taken.resolve();
  await ending;
});

test('its place is free as soon as the call has ended, before LiveKit has the status', async () => {
  const { settlement, seen } = witness(() => new Promise(() => {}));
  void settlement.settled();
  expect(seen).toEqual(['done success', 'final success']);
});

test('a call that ends without a report counts as a success', async () => {
  const { settlement, outcomes } = witness();
  await settlement.settled();
  expect(outcomes).toEqual([outcomeOf('agent_shutdown')]);
});

test('a call that fails without a report counts as failed, with the error as plain data', async () => {
  const { settlement, seen, outcomes } = witness();
  await settlement.settled({ reason: new OpenRtcError('SESSION_JOIN_FAILED', 'no room') });
  expect(seen).toEqual(['done failed', 'final failed']);
  expect(outcomes).toEqual([
    {
      status: 'failed',
      reason: 'failed',
      causedBy: 'network',
      detail: 'no room',
      error: expect.objectContaining({ code: 'SESSION_JOIN_FAILED', message: 'no room' }),
    },
  ]);
});

test('a call whose process died counts as failed, and its participant is removed from the room', async () => {
  const { settlement, seen } = witness();
  await settlement.settled(lost());
  expect(seen.toSorted()).toEqual(['done failed', 'final failed', 'ghost removed']);
});

test('an error that another process sent as plain data still removes the participant', async () => {
  const { settlement, seen } = witness();
  await settlement.settled({ reason: { code: 'ISOLATION_LOST', message: 'the child died' } });
  expect(seen).toContain('ghost removed');
});

test('a process that dies after its call reported its end only has its participant removed', async () => {
  const { settlement, seen, outcomes } = witness();
  await settlement.ending(hungUp);
  await settlement.settled(lost());
  expect(seen.toSorted()).toEqual(['done success', 'final success', 'ghost removed']);
  expect(outcomes).toEqual([hungUp]);
});

type Step = 'ending' | 'settled' | 'failed' | 'lost';

test.each<Step[][]>([
  [['ending', 'ending', 'settled']],
  [['ending', 'settled', 'settled']],
  [['settled', 'ending']],
  [['settled', 'failed']],
  [['failed', 'settled']],
  [['failed', 'ending', 'failed']],
  [['ending', 'failed', 'ending', 'settled']],
  [['ending', 'lost', 'lost']],
  [['lost', 'ending', 'settled']],
])('%j: one final status and one count, of the same outcome', async (steps) => {
  const { settlement, seen, outcomes } = witness();
  const run: Record<Step, () => Promise<void>> = {
    ending: () => settlement.ending(hungUp),
    settled: () => settlement.settled(),
    failed: () => settlement.settled({ reason: new Error('boom') }),
    lost: () => settlement.settled(lost()),
  };
  // No step waits for the one before.
  await Promise.all(steps.map((step) => run[step]()));
  expect(seen.filter((line) => line.startsWith('final'))).toEqual([`final ${outcomes[0]?.status}`]);
  expect(outcomes).toHaveLength(1);
  expect(seen.filter((line) => line === 'ghost removed').length).toBeLessThanOrEqual(1);
});
