import { expect, test } from 'vitest';

import { proportionalMemory } from './proportional-memory.js';

const files: Readonly<Record<string, string>> = {
  '/proc/1/smaps_rollup': 'Rss:  9000 kB\nPss:    2000 kB\nPss_Dirty:  1 kB\n',
  '/proc/2/smaps_rollup': 'Pss:     500 kB\n',
  '/proc/3/smaps_rollup': 'nothing of the kind',
};

const read = async (path: string) => {
  const text = files[path];
  if (text === undefined) throw new Error('ENOENT');
  return text;
};

test('it sums the memory of all processes', async () => {
  expect(await proportionalMemory([1, 2], read)).toBe(2_500 * 1_024);
});

test('a process that has ended counts as nothing; without any process the value is unknown', async () => {
  expect(await proportionalMemory([2, 99, 3], read)).toBe(500 * 1_024);
  expect(await proportionalMemory([99], read)).toBeUndefined();
  expect(await proportionalMemory([], read)).toBeUndefined();
});
