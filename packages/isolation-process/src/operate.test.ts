import { expect, test } from 'vitest';

import { ProcessRig } from './process-rig.fixture.js';

test('a call that blocks the event loop of its process is named, with function and file', async () => {
  await using rig = await ProcessRig.open({}, { watchdog: { slowMs: 300 } });
  const [call, neighbour] = [await rig.call(), await rig.call()];
  // The first block only starts the thread that finds the next ones, and it looks at most once in 5 s.
  await rig.until(async () => {
    await call.say('block 1500');
    const slow = rig.pool
      .runtimeSnapshot()
      .sessions.find(({ jobId, status }) => jobId === call.jobId && status === 'slow');
    const culprit = slow?.blocks.last?.culprit;
    return culprit?.function === 'block' && culprit.file.endsWith('pool.mjs');
  });
  const { sessions } = rig.pool.runtimeSnapshot();
  expect(sessions.find(({ jobId }) => jobId === neighbour.jobId)?.blocks.count).toBe(0);
});

test('the resources of a call are those of its process', async () => {
  await using rig = await ProcessRig.open();
  const call = await rig.call();
  await rig.pool.inspect();
  expect(rig.pool.runtimeSnapshot().sessions).toMatchObject([
    { jobId: call.jobId, resources: { pid: call.pid, basis: 'own' } },
  ]);
});

test('lost processes are counted', async () => {
  await using rig = await ProcessRig.open({ idleProcesses: 0 }, { health: { port: 0 } });
  const call = await rig.call();
  process.kill(call.pid, 'SIGKILL');
  await rig.ended(call.jobId);
  const port = rig.pool.runtimeSnapshot().health?.port;
  await rig.until(async () => {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return text.includes('openrtc_call_process_losses_total 1\n');
  });
});
