import { expect, test } from 'vitest';

import type { SessionEvent } from '../../call/session-event.js';
import { expectLateErrors, failing, failures, strategy } from './broken-strategies.fixture.js';

// A suite that cannot fail is worth nothing: each of these strategies loses or changes events, and is found out.
expectLateErrors();

/** Forwards the events of a session, but for one kind. */
const losing = (kind: SessionEvent['kind']) => () =>
  strategy((host, ticket, signal) =>
    host.runSession(ticket, signal, async (event) => {
      if (event.kind !== kind) await host.report(event);
    }),
  );

/**
 * Where a strategy is found out that loses one kind of event. `memory` is not in it, because no session reports it. A new
 * kind of event does not compile until it has a row.
 */
const lost: Readonly<Record<Exclude<SessionEvent['kind'], 'memory'>, readonly string[]>> = {
  joined: ['recorded as a success', 'snapshot', 'that it joined and that it ends', 'a hook that'],
  ending: [
    'recorded as a success',
    '(terminated)',
    'that it joined and that it ends',
    'until the pool has taken',
    'a hook that',
  ],
  fault: ['every kind of event', 'a hook that fails'],
  provider_error: ['every kind of event'],
  turn: ['recorded as a success', 'every kind of event', 'a hook that fails'],
  usage: ['every kind of event', 'the use of a provider'],
  blocked: ['every kind of event'],
  code: ['every kind of event'],
};

test.each(Object.entries(lost))('one that loses events of the kind %s', async (kind, words) => {
  const failed = await failures(losing(kind as SessionEvent['kind']), { patienceMs: 5_000 });
  expect(failed).toEqual(expect.arrayContaining(failing(...words)));
});

test('one that forwards only what it knows loses what comes later, and is found out', async () => {
  const narrow = () =>
    strategy((host, ticket, signal) =>
      host.runSession(ticket, signal, async (event) => {
        if (event.kind === 'joined' || event.kind === 'ending') await host.report(event);
      }),
    );
  expect(await failures(narrow, { patienceMs: 5_000 })).toEqual(
    failing(
      'recorded as a success',
      'every kind of event',
      'a hook that fails',
      'new code reaches live calls',
      'fails in its first turn',
    ),
  );
});

test('one that changes an event on its way fails there', async () => {
  const lying = () =>
    strategy((host, ticket, signal) =>
      host.runSession(ticket, signal, (event) =>
        host.report(event.kind === 'fault' ? { ...event, name: 'a tool' } : event),
      ),
    );
  expect(await failures(lying, { patienceMs: 5_000 })).toEqual(failing('every kind of event'));
});
