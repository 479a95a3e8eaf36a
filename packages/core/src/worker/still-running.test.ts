import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { LogBook } from '../base/log-book.js';
import { nameWhatKeepsAlive } from './still-running.js';

const set = vi.spyOn(globalThis, 'setTimeout');

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test('what keeps the process alive is named', async () => {
  vi.spyOn(process, 'getActiveResourcesInfo').mockReturnValueOnce([
    'Timeout',
    'TCPWRAP',
    'Timeout',
  ]);
  const log = new LogBook();
  nameWhatKeepsAlive(log, () => false);
  await vi.runAllTimersAsync();
  expect(log.lines).toMatchObject([
    {
      level: 'info',
      message: expect.stringMatching(/^run\(\) has ended, but the process goes on/),
      fields: { resources: { Timeout: 2, TCPWRAP: 1 } },
    },
  ]);
});

test('another pool may keep the process alive', async () => {
  const log = new LogBook();
  nameWhatKeepsAlive(log, () => true);
  await vi.runAllTimersAsync();
  expect(log.lines).toEqual([]);
});

test('waiting for it does not keep the process alive', () => {
  vi.useRealTimers();
  set.mockClear();
  nameWhatKeepsAlive(new LogBook(), () => true);
  const [timer] = set.mock.results;
  expect((timer?.value as NodeJS.Timeout | undefined)?.hasRef()).toBe(false);
});
