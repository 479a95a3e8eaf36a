import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { AuditCounts } from './audit-event.js';
import { CountedEvents } from './counted-events.js';

let told: (AuditCounts & { readonly key: string })[];
let events: CountedEvents<string>;

beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  events = new CountedEvents((key, counts) => told.push({ key, ...counts }));
});

afterEach(() => {
  events[Symbol.dispose]();
  vi.useRealTimers();
});

test('the first of each kind is told at once', () => {
  events.add('full', 'full', { agent: 'a', tenant: 't' });
  events.add('busy', 'busy');
  expect(told).toEqual([
    { key: 'full', count: 1, overMs: 0, calls: [{ agent: 'a', tenant: 't', count: 1 }] },
    { key: 'busy', count: 1, overMs: 0, calls: [{ count: 1 }] },
  ]);
});

test('the others of 10 s are one event, with whose they were', () => {
  for (const tenant of ['x', 'x', 'y', 'y', 'y'])
    events.add('full', 'full', { agent: 'a', tenant });
  vi.advanceTimersByTime(9_999);
  expect(told).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(told.slice(1)).toEqual([
    {
      key: 'full',
      count: 4,
      overMs: 10_000,
      calls: [
        { agent: 'a', tenant: 'y', count: 3 },
        { agent: 'a', tenant: 'x', count: 1 },
      ],
    },
  ]);
});

test('a flood is one event every 10 s, and after a quiet time the next one is told at once', () => {
  for (let ms = 0; ms < 30_000; ms += 10) {
    events.add('full', 'full');
    vi.advanceTimersByTime(10);
  }
  expect(told.map(({ count }) => count)).toEqual([1, 999, 1_000, 1_000]);
  vi.advanceTimersByTime(10_000);
  events.add('full', 'full');
  expect(told.slice(4).map(({ count, overMs }) => [count, overMs])).toEqual([[1, 0]]);
});

test('of many tenants the sum is told, and the most frequent ones', () => {
  for (let at = 0; at < 10_001; at += 1) events.add('full', 'full', { tenant: `t${at}` });
  for (let at = 0; at < 5; at += 1) events.add('full', 'full', { tenant: 't7' });
  events[Symbol.dispose]();
  expect(told[1]).toMatchObject({ count: 10_005 });
  expect(told[1]?.calls).toHaveLength(10);
  expect(told[1]?.calls[0]).toEqual({ tenant: 't7', count: 6 });
});

test('at the end what has been counted is told, and no timer is left', () => {
  events.add('full', 'full');
  events.add('busy', 'busy');
  events.add('full', 'full');
  events[Symbol.dispose]();
  expect(told.slice(2)).toMatchObject([{ key: 'full', count: 1 }]);
  expect(vi.getTimerCount()).toBe(0);
});
