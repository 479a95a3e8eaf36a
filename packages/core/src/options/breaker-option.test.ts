import { expect, test } from 'vitest';

import { resolveOptions } from './resolve-options.js';

test.each<[unknown, string]>([
  [
    true,
    'breaker must be { windowMs, minCalls, failureRatio, cooldownMs, probeMs } or false, got a boolean',
  ],
  [null, 'got null'],
  [{ windowMs: 0 }, 'breaker.windowMs must be a whole number from 1'],
  [{ minCalls: 1.5 }, 'breaker.minCalls must be a whole number from 1 to 200'],
  [{ failureRatio: 0 }, 'breaker.failureRatio must be a number above 0 and at most 1, got 0'],
  [{ failureRatio: 1.1 }, 'got 1.1'],
  [{ failureRatio: Number.NaN }, 'got NaN'],
  [{ failureRatio: '0.5' }, 'got a string'],
  [{ cooldown: 5 }, 'unknown option "cooldown"'],
])('a wrong breaker %j', (breaker, message) => {
  expect(() => resolveOptions({ breaker } as never)).toThrow(message);
});

test('each limit has a default', () => {
  expect(resolveOptions({ breaker: { minCalls: 2, failureRatio: 1 } }).breaker).toEqual({
    ...resolveOptions({}).breaker,
    minCalls: 2,
    failureRatio: 1,
  });
  expect(resolveOptions({ breaker: { minCalls: undefined } } as never).breaker?.minCalls).toBe(5);
  expect(resolveOptions({ breaker: false }).breaker).toBeUndefined();
});
