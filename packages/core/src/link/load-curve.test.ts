import fc from 'fast-check';
import { expect, test } from 'vitest';

import { workerLoad } from './load-curve.js';

// LiveKit's `agents.target_load`: at this load the server stops offering jobs to a worker.
const TARGET_LOAD = 0.7;

test('a worker with a free place stays below the load at which LiveKit stops offering', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), fc.nat(), (max, seed) => {
      const taken = seed % max;
      const { full, load, jobCount } = workerLoad(taken, max, false);
      expect({ full, jobCount }).toEqual({ full: false, jobCount: taken });
      expect(load).toBeGreaterThanOrEqual(0);
      expect(load).toBeLessThan(TARGET_LOAD);
    }),
  );
});

test('the load grows with every call', () => {
  const loads = Array.from({ length: 51 }, (_, taken) => workerLoad(taken, 50, false).load);
  expect(loads).toEqual([...loads].sort((a, b) => a - b));
  expect(new Set(loads).size).toBe(51);
});

test('a full worker reports 1, and so does a worker that takes no more calls', () => {
  expect(workerLoad(50, 50, false)).toEqual({ full: true, load: 1, jobCount: 50 });
  expect(workerLoad(0, 50, true)).toEqual({ full: true, load: 1, jobCount: 0 });
});

test('the load is a number from 0 to 1 for any input', () => {
  fc.assert(
    fc.property(fc.double(), fc.double(), fc.boolean(), (taken, max, closed) => {
      const { load } = workerLoad(taken, max, closed);
      expect(load).toBeGreaterThanOrEqual(0);
      expect(load).toBeLessThanOrEqual(1);
    }),
  );
});
