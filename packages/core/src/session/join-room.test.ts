import type { JobContext } from '@livekit/agents';
import { expect, test } from 'vitest';

import { silentLogger } from '../base/logger.js';
import { SessionEnd } from '../call/session-end.js';
import { joinRoom } from './join-room.js';

/** A call whose first joins fail, and how often it was tried. */
function callWith(failures: number, onTry: (end: SessionEnd) => void = () => {}) {
  const end = new SessionEnd();
  let tries = 0;
  const connect = async () => {
    tries += 1;
    onTry(end);
    if (tries <= failures) throw new Error(`refused ${tries}`);
  };
  const ctx = { connect } as unknown as JobContext;
  const call = { jobId: 'AJ_1', agent: 'a', tenant: 'default', room: 'lobby' };
  return { call: { ...call, ctx, end, logger: silentLogger }, tries: () => tries };
}

test.each([
  [0, 1],
  [1, 2],
  [3, 4],
])('a join that fails %i times is tried %i times', async (failures, expected) => {
  const { call, tries } = callWith(failures);
  await joinRoom(call);
  expect(tries()).toBe(expected);
});

test('a room that cannot be joined is given up, with the last error', async () => {
  const { call, tries } = callWith(Number.POSITIVE_INFINITY);
  await expect(joinRoom(call)).rejects.toThrow('refused 4');
  expect(tries()).toBe(4);
});

test('a call that has ended is not joined again', async () => {
  const { call, tries } = callWith(1, (end) => end.because('terminated'));
  await expect(joinRoom(call)).rejects.toThrow('refused 1');
  expect(tries()).toBe(1);
});
