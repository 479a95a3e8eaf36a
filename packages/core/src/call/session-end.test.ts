import { expect, test } from 'vitest';

import { OpenRtcError } from '../base/errors.js';
import { CallEnded, SessionEnd } from './session-end.js';

test('the first cause is the cause', async () => {
  const end = new SessionEnd();
  end.because('caller_left');
  end.failed(new OpenRtcError('SESSION_UNCAUGHT', 'too late'));
  end.because('pool_closed');
  expect(await end.reached).toEqual({ status: 'success', reason: 'caller_left' });
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
    detail: 'boom',
    error: expect.objectContaining({ code: 'SESSION_UNCAUGHT', message: 'boom' }),
  });
  expect(end.error).toBe(error);
});

test('an empty detail is no detail', () => {
  const end = new SessionEnd();
  end.because('agent_shutdown', '');
  expect(end.outcome).toEqual({ status: 'success', reason: 'agent_shutdown' });
});

test('work that is done before the end is done', async () => {
  expect(await new SessionEnd().orEnded(Promise.resolve('joined'))).toBe('joined');
});

test('work is left as soon as the call ends, and its later failure disturbs nobody', async () => {
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

test('work that fails says so', async () => {
  await expect(new SessionEnd().orEnded(Promise.reject(new Error('no room')))).rejects.toThrow(
    'no room',
  );
});
