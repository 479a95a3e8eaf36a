import { expect, test } from 'vitest';

import { CallCost } from './call-cost.js';

const MIB = 1_048_576;

/** What is learned from these measurements: the memory of the worker in MiB, and its calls. */
function learned(measurements: readonly (readonly [ownMb: number, calls: number])[], mb = 10) {
  const cost = new CallCost(mb * MIB);
  for (const [ownMb, calls] of measurements) cost.learn(ownMb * MIB, calls);
  return cost;
}

test.each([
  ['nothing measured: what was assumed', [], 10],
  [
    'a call as assumed',
    [
      [100, 0],
      [134, 1],
    ],
    10,
  ],
  [
    'the first call is not blamed for all it brings',
    [
      [100, 0],
      [164, 1],
    ],
    25,
  ],
  [
    'calls of an agent that takes 50 MiB',
    [
      [100, 0],
      [174, 1],
      [224, 2],
      [324, 4],
      [524, 8],
    ],
    45.6,
  ],
  [
    'ten calls that take 3 MiB each',
    [
      [100, 0],
      [154, 10],
    ],
    7,
  ],
  [
    'calls that seem to take nothing',
    [
      [100, 0],
      [100, 30],
    ],
    7,
  ],
  [
    'the same calls, later and larger',
    [
      [100, 0],
      [144, 2],
      [164, 2],
      [150, 2],
    ],
    16.7,
  ],
  [
    'ended calls leave memory, which the next ones use',
    [
      [100, 0],
      [224, 10],
      [220, 0],
      [222, 1],
      [224, 4],
    ],
    10,
  ],
  [
    'it leaks while there is no call',
    [
      [100, 0],
      [224, 10],
      [300, 0],
      [300, 1],
    ],
    10,
  ],
  [
    'later calls take more than the earlier ones',
    [
      [100, 0],
      [224, 10],
      [264, 4],
    ],
    20,
  ],
  [
    'less than at the start',
    [
      [100, 0],
      [80, 1],
    ],
    7,
  ],
] as const)('%s', (_name, measurements, callMb) => {
  expect(learned(measurements).bytes / MIB).toBeCloseTo(callMb, 1);
});

test('what is expected of so many calls', () => {
  const cost = learned([[100, 0]]);
  expect([0, 1, 4].map((calls) => cost.expected(calls) / MIB)).toEqual([100, 134, 164]);
  expect([0, 1, 4].map((calls) => cost.of(calls) / MIB)).toEqual([0, 34, 64]);
});

test('a model that is loaded during calls is not taken for their memory', () => {
  const cost = learned([
    [100, 0],
    [134, 1],
  ]);
  cost.add(230 * MIB);
  cost.learn(364 * MIB, 1);
  expect(cost.bytes).toBe(10 * MIB);
  expect(cost.expected(2)).toBe((330 + 24 + 20) * MIB);
});

test('calls that have just begun teach nothing, except that the worker takes less than it did', () => {
  const cost = learned([[100, 0]]);
  cost.learn(130 * MIB, undefined);
  expect(cost.expected(0)).toBe(100 * MIB);
  cost.learn(90 * MIB, undefined);
  expect(cost.expected(0)).toBe(90 * MIB);
  expect(cost.bytes).toBe(10 * MIB);
});

test('a process for each call is assumed to take more', () => {
  expect(learned([[160, 0]], 80).expected(1)).toBe((160 + 24 + 80) * MIB);
});
