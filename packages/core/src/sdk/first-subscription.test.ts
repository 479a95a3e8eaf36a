import { type JobContext, initializeLogger } from '@livekit/agents';
import { LocalTrackPublication } from '@livekit/rtc-node';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { LogBook } from '../base/log-book.js';
import { silentLogger } from '../base/logger.js';
import { SessionEnd } from '../call/session-end.js';
import { runInCall } from './current-call.js';
import { prepareSdk } from './patches.js';

let release: () => Promise<void>;

beforeAll(() => {
  initializeLogger({ pretty: false, level: 'silent' });
  release = prepareSdk(new LogBook());
});

afterAll(() => release());

interface Publication {
  waitForSubscription(): Promise<void>;
  resolveFirstSubscription(): void;
}

/** A publication without a native handle, which no one has subscribed to. */
function published(): Publication {
  let resolveFirst = () => {};
  const firstSubscription = new Promise<void>((resolve) => (resolveFirst = resolve));
  const publication = Object.create(LocalTrackPublication.prototype) as Publication;
  return Object.assign(publication, { firstSubscription, firstSubscriptionResolver: resolveFirst });
}

const newCall = () => ({
  jobId: 'AJ_1',
  agent: 'a',
  tenant: 'default',
  room: 'lobby',
  ctx: {} as JobContext,
  end: new SessionEnd(),
  logger: silentLogger,
});

test.each([
  ['somebody subscribes', (publication: Publication) => publication.resolveFirstSubscription()],
  ['the call ends', (_publication: Publication, end: SessionEnd) => end.because('caller_left')],
])('the wait for a subscriber ends when %s', async (_when, act) => {
  const call = newCall();
  const publication = published();
  let over = false;
  const waiting = runInCall(call, () => publication.waitForSubscription()).then(() => {
    over = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(over).toBe(false);
  act(publication, call.end);
  await waiting;
});

test('outside of a call it waits for a subscriber', async () => {
  const publication = published();
  const waiting = publication.waitForSubscription();
  publication.resolveFirstSubscription();
  await waiting;
});
