import { expect, test } from 'vitest';

import { type ReadinessFacts, readiness } from './readiness.js';

const running: ReadinessFacts = {
  state: 'running',
  livekit: 'registered',
  admission: { full: false, paused: false },
};

test.each<[Partial<ReadinessFacts>, readonly string[]]>([
  [{}, []],
  [{ state: 'idle', livekit: 'none', admission: undefined }, ['starting']],
  [{ state: 'starting' }, ['starting']],
  [{ state: 'draining' }, ['draining']],
  [{ state: 'closed', livekit: 'closed' }, ['closed']],
  [{ admission: { full: true, paused: false } }, ['full']],
  [{ admission: { full: false, paused: true } }, ['busy']],
  [{ livekit: 'reconnecting' }, ['disconnected']],
  [
    { state: 'draining', livekit: 'reconnecting', admission: { full: true, paused: true } },
    ['draining', 'full', 'busy', 'disconnected'],
  ],
])('%j: %j', (facts, reasons) => {
  expect(readiness({ ...running, ...facts })).toEqual(reasons);
});
