import { expect, test } from 'vitest';

import { IdleTarget, type IdleFacts } from './idle-target.js';
import { type ProcessesOptions, resolveProcesses } from './options.js';

const GIB = 2 ** 30;
const facts: IdleFacts = {
  active: 0,
  freeSeats: 0,
  maxConcurrentSessions: 50,
  spread: 2,
  availableBytes: 8 * GIB,
  processBytes: GIB / 8,
};

function target(options: ProcessesOptions = {}) {
  let now = 0;
  const idle = new IdleTarget(resolveProcesses(options), () => now);
  return {
    of: (given: Partial<IdleFacts> = {}) => idle.of({ ...facts, ...given }),
    called: (times: number) => {
      for (let i = 0; i < times; i += 1) idle.countCall();
    },
    pass: (ms: number) => (now += ms),
  };
}

test('one process waits without calls, up to four with more calls, and one again afterwards', () => {
  const idle = target();
  expect(idle.of()).toBe(1);
  idle.called(3);
  expect(idle.of()).toBe(3);
  idle.called(20);
  expect(idle.of()).toBe(4);
  idle.pass(10_001);
  expect(idle.of()).toBe(1);
});

test('no process waits while memory is short', () => {
  expect(target().of({ availableBytes: GIB / 5 })).toBe(0);
  expect(target().of({ availableBytes: undefined })).toBe(1);
});

test('a fixed number is used, but never more processes than calls could need', () => {
  expect(target({ idleProcesses: 3 }).of({ availableBytes: 0 })).toBe(3);
  expect(target({ idleProcesses: 0 }).of()).toBe(0);
  expect(target({ idleProcesses: 3 }).of({ active: 49 })).toBe(1);
  expect(target({ sessionsPerProcess: 5 }).of({ active: 2, maxConcurrentSessions: 10 })).toBe(0);
});

test('a free seat in a running process is enough once every core has a process', () => {
  const idle = target({ sessionsPerProcess: 5 });
  expect(idle.of({ active: 1, freeSeats: 4 })).toBe(1);
  expect(idle.of({ active: 2, freeSeats: 4 })).toBe(0);
  expect(idle.of({ active: 2, freeSeats: 0 })).toBe(1);
  // The free seat may belong to another group.
  const grouped = target({ sessionsPerProcess: 5, groupBy: 'tenant' });
  expect(grouped.of({ active: 2, freeSeats: 4, spread: 1 })).toBe(1);
});
