import { expect, test } from 'vitest';

import { resolveOptions } from './resolve-options.js';

test.each<[unknown, string]>([
  [true, 'quarantine must be { failures, windowMs, cooldownMs } or false, got a boolean'],
  [null, 'got null'],
  [{ failures: 0 }, 'quarantine.failures must be a whole number from 1 to 200'],
  [{ windowMs: 1.5 }, 'quarantine.windowMs must be a whole number from 1'],
  [{ cooldownMs: '5' }, 'quarantine.cooldownMs must be a whole number from 1'],
  [{ cooldown: 5 }, 'unknown option "cooldown"'],
])('a wrong quarantine %j', (quarantine, message) => {
  expect(() => resolveOptions({ quarantine } as never)).toThrow(message);
});

test('each limit has a default, and the breaker is another option', () => {
  const defaults = { failures: 3, windowMs: 600_000, cooldownMs: 300_000 };
  expect(resolveOptions({ breaker: false }).quarantine).toEqual(defaults);
  expect(resolveOptions({ quarantine: { failures: 5 } }).quarantine).toEqual({
    ...defaults,
    failures: 5,
  });
  expect(resolveOptions({ quarantine: false }).quarantine).toBeUndefined();
});
