import { expect, test } from 'vitest';

import { OpenRtcError } from '../base/errors.js';
import { CallEnded, SessionEnd } from './session-end.js';
import { outcomeOf } from './session-outcome.js';

test('only the first cause counts', async () => {
  const end = new SessionEnd();
  end.because('caller_left');
  end.failed(new OpenRtcError('SESSION_UNCAUGHT', 'too late'));
  end.because('pool_closed');
  expect(await end.reached).toEqual({
    status: 'success',
    reason: 'caller_left',
    causedBy: 'caller',
  });
  expect(end.error).toBeUndefined();
});

test('a failure that comes first keeps its error, as an error and as plain data', async () => {
  const end = new SessionEnd();
  const error = new OpenRtcError('SESSION_UNCAUGHT', 'boom');
  end.failed(error);
  end.because('agent_shutdown', 'later');
  expect(await end.reached).toEqual({
    status: 'failed',
    reason: 'failed',
    causedBy: 'agent',
    detail: 'boom',
    error: expect.objectContaining({ code: 'SESSION_UNCAUGHT', message: 'boom' }),
  });
  expect(end.error).toBe(error);
});

test('an empty detail is left out', () => {
  const end = new SessionEnd();
  end.because('agent_shutdown', '');
  expect(end.outcome).toEqual(outcomeOf('agent_shutdown'));
});

test('work that finishes before the end gives its value', async () => {
  expect(await new SessionEnd().orEnded(Promise.resolve('joined'))).toBe('joined');
});

test('work is abandoned as soon as the call ends, and its later failure is ignored', async () => {
  const end = new SessionEnd();
  let fail!: (error: Error) => void;
  const work = end.orEnded(
    new Promise((_resolve, reject) => {
      fail = reject;
    }),
  );
  end.because('caller_left');
  await expect(work).rejects.toBeInstanceOf(CallEnded);
  fail(new Error('late'));
});

test('work that fails rejects with its error', async () => {
  await expect(new SessionEnd().orEnded(Promise.reject(new Error('no room')))).rejects.toThrow(
    'no room',
  );
});
