import { type PerformanceEntry, PerformanceObserver, constants } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { afterEach, expect, test } from 'vitest';

import { tightenHeap } from './tight-heap.js';

afterEach(() => {
  setFlagsFromString('--heap-growing-percent=0');
  setFlagsFromString('--semi-space-growth-factor=2');
});

/** Number of full collections while this much data is held for some time and then released. */
async function looksWhile(megabytes: number): Promise<number> {
  let looks = 0;
  const count = (entries: readonly (PerformanceEntry & { detail?: { kind?: number } })[]) => {
    const isLook = ({ detail }: (typeof entries)[number]) =>
      detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
    looks += entries.filter(isLook).length;
  };
  const observer = new PerformanceObserver((list) => count(list.getEntries()));
  observer.observe({ entryTypes: ['gc'] });
  // Survives scavenges, like data that a call holds for seconds.
  const kept: object[] = [];
  const each = 64;
  for (let made = 0; made < megabytes * 1024 * 1024; made += each) {
    kept[(made / each) % 200_000] = { made, more: [made] };
    if (made % (1024 * 1024) === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await new Promise((resolve) => setTimeout(resolve, 10));
  count(observer.takeRecords());
  observer.disconnect();
  return looks;
}

test('the heap is collected more often, so that it has less garbage', async () => {
  tightenHeap(['--heap_growing_percent=0', '--semi-space-growth-factor=2']);
  const before = await looksWhile(400);
  tightenHeap([]);
  const after = await looksWhile(400);
  expect(after).toBeGreaterThan(before);
});
