import { expect, test } from 'vitest';

import { cpuWaitMs } from './cpu-wait.js';

const known = process.platform === 'linux' ? '' : ': only Linux tells';

test.skipIf(known !== '')(`the wait of this process for a CPU never shrinks${known}`, () => {
  const before = cpuWaitMs();
  expect(before).toBeGreaterThanOrEqual(0);
  expect(cpuWaitMs()).toBeGreaterThanOrEqual(before ?? Number.NaN);
});

test('of a process that is not there it is unknown', () => {
  expect(cpuWaitMs(2 ** 30)).toBeUndefined();
});
