import fc from 'fast-check';
import { expect, test } from 'vitest';

import { backoffDelay, reconnectBackoff } from './backoff.js';

const options = { firstMs: 500, capMs: 8_000 };

test('the maximum delay doubles with each attempt, up to the cap', () => {
  const ceilings = [0, 1, 2, 3, 4, 5, 6].map((attempt) => backoffDelay(attempt, options, () => 1));
  expect(ceilings).toEqual([500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
});

test('the delay is random below its maximum, so that many workers do not reconnect at once', () => {
  expect(backoffDelay(3, options, () => 0)).toBe(0);
  expect(backoffDelay(3, options, () => 0.5)).toBe(2_000);
});

test('the delay is valid for a timer after any number of attempts', () => {
  fc.assert(
    fc.property(fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, chance) => {
      const ms = backoffDelay(attempt, reconnectBackoff, () => chance);
      expect(ms).toBeGreaterThanOrEqual(0);
      expect(ms).toBeLessThanOrEqual(reconnectBackoff.capMs);
    }),
  );
});
