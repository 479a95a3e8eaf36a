import { expect, test } from 'vitest';

import { SeenLines } from './seen-lines.js';

test.each<[string, readonly number[], ranges: number, missing: number]>([
  ['in order', [1, 2, 3, 4], 1, 0],
  ['that begin later', [7, 8, 9], 1, 0],
  ['backwards', [4, 3, 2, 1], 1, 0],
  ['with a gap', [1, 2, 5], 2, 2],
  ['with a gap that is filled', [1, 2, 5, 4, 3], 1, 0],
  ['with several gaps', [10, 1, 5], 3, 7],
])('numbers %s', (_what, numbers, ranges, missing) => {
  const seen = new SeenLines();
  for (const seq of numbers) expect(seen.add(seq)).toBe(true);
  for (const seq of numbers) expect(seen.add(seq)).toBe(false);
  expect([seen.ranges, seen.missing]).toEqual([ranges, missing]);
});

test('in any order it says the same as a set', () => {
  const seen = new SeenLines();
  const set = new Set<number>();
  let random = 42;
  for (let at = 0; at < 5_000; at += 1) {
    random = (random * 48_271) % 2_147_483_647;
    const seq = 1 + (random % 700);
    expect(seen.add(seq)).toBe(!set.has(seq));
    set.add(seq);
  }
  expect(seen.missing).toBe(Math.max(...set) - Math.min(...set) + 1 - set.size);
});
