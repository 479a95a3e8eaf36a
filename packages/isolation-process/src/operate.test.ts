import { expect, test } from 'vitest';

import { ProcessRig } from './process-rig.fixture.js';

test('a call that keeps the loop of its process for itself is named, with function and line', async () => {
  await using rig = await ProcessRig.open({}, { watchdog: { slowMs: 300 } });
  const [call, neighbour] = [await rig.call(), await rig.call()];
  // The first wakes the thread that sees the next.
  await call.say('block 1000');
  await rig.until(() => {
    const { sessions } = rig.pool.runtimeSnapshot();
    return sessions.some(({ jobId }) => jobId === call.jobId);
  });
  await call.say('hello');
  await call.say('block 3000');
  await rig.until(() =>
    rig.pool
      .runtimeSnapshot()
      .sessions.some(
        ({ jobId, status, blocks }) =>
          jobId === call.jobId &&
          status === 'slow' &&
          blocks.last?.culprit?.function === 'block' &&
          blocks.last.culprit.file.endsWith('pool.mjs'),
      ),
  );
  const { sessions } = rig.pool.runtimeSnapshot();
  expect(sessions.find(({ jobId }) => jobId === neighbour.jobId)?.blocks.count).toBe(0);
});

test('what a call uses is that of its process', async () => {
  await using rig = await ProcessRig.open();
  const call = await rig.call();
  await rig.pool.look();
  expect(rig.pool.runtimeSnapshot().sessions).toMatchObject([
    { jobId: call.jobId, resources: { pid: call.pid, basis: 'own' } },
  ]);
});

test('processes are counted, and those that were lost', async () => {
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
