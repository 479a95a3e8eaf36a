import { expect, test } from 'vitest';

import { ProcessRig } from './process-rig.fixture.js';

const MIB = 1_048_576;
// A process takes about 75 MiB, and a tenth of the limit is kept free.
const ROOM_MB = 400;

test('calls are taken as long as their processes fit into the memory of the worker', async () => {
  const maxMemoryMb = Math.ceil(process.memoryUsage.rss() / MIB) + ROOM_MB;
  await using rig = await ProcessRig.open({}, { maxMemoryMb });
  const pids: number[] = [];
  await expect(async () => {
    while (pids.length < 12) pids.push((await rig.call()).pid);
  }).rejects.toThrow(/no workers with sufficient capacity|all refused/);
  expect(pids.length).toBeGreaterThanOrEqual(2);
  const { activeSessions, totalSessionFailures, notReady, memory } = rig.pool.runtimeSnapshot();
  expect({ activeSessions, totalSessionFailures, notReady }).toEqual({
    activeSessions: pids.length,
    totalSessionFailures: 0,
    notReady: ['busy'],
  });
  expect(memory).toMatchObject({ source: 'option', limitBytes: maxMemoryMb * MIB });
  expect(memory?.usedBytes).toBeLessThan(maxMemoryMb * MIB);
});
