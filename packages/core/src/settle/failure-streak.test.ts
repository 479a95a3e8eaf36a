import fc from 'fast-check';
import { expect, test } from 'vitest';

import { FailureStreak } from './failure-streak.js';

test('the worker drains at the limit, not before', () => {
  const streak = new FailureStreak(3);
  expect(['default', 'default', 'default'].map((tenant) => streak.failure(tenant))).toEqual([
    false,
    false,
    true,
  ]);
  expect(streak.length).toBe(3);
});

test('one successful call ends the streak', () => {
  const streak = new FailureStreak(2);
  streak.failure('default');
  streak.success();
  expect(streak.length).toBe(0);
  expect(streak.failure('default')).toBe(false);
});

test('one named tenant alone never drains the worker, however often it fails', () => {
  const streak = new FailureStreak(2);
  expect(Array.from({ length: 50 }, () => streak.failure('acme'))).not.toContain(true);
});

test('failures of a second tenant count against the worker', () => {
  const streak = new FailureStreak(3);
  const tenants = ['acme', 'acme', 'acme', 'globex'];
  expect(tenants.map((tenant) => streak.failure(tenant))).toEqual([false, false, false, true]);
});

test('a new streak does not count the tenants of the one before', () => {
  const streak = new FailureStreak(2);
  streak.failure('globex');
  streak.success();
  expect([streak.failure('acme'), streak.failure('acme')]).toEqual([false, false]);
});

test('a limit of one drains at the first failure of an unnamed tenant', () => {
  expect(new FailureStreak(1).failure('default')).toBe(true);
});

test('it drains exactly when the failures since the last success reach the limit and are not all of one named tenant', () => {
  const event = fc.constantFrom('ok', 'default', 'acme', 'globex');
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.array(event, { maxLength: 40 }),
      (limit, events) => {
        const streak = new FailureStreak(limit);
        let failed: string[] = [];
        for (const what of events) {
          if (what === 'ok') {
            streak.success();
            failed = [];
            continue;
          }
          failed.push(what);
          const oneNamed =
            failed.every((tenant) => tenant === failed[0]) && failed[0] !== 'default';
          expect(streak.failure(what)).toBe(failed.length >= limit && !oneNamed);
        }
      },
    ),
  );
});
