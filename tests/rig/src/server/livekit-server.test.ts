import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { JobStatus } from '@livekit/protocol';
import { expect, it } from 'vitest';
import { describeOnRealServer, found, gone } from '../real-server.fixture.js';
import { takeOneJob } from './fake-worker.fixture.js';
import { startLiveKitServer } from './livekit-server.js';

describeOnRealServer('a real livekit-server', () => {
  it('reads from the log who got a job and how it ended', async () => {
    const server = await startLiveKitServer({ found, targetLoad: 0.9 });
    const room = 'oracle-room';
    await server.createRoom(room, 'some metadata');
    const end = { status: JobStatus.JS_FAILED, error: 'the oven is cold' };
    const job = await takeOneJob(
      server,
      'pizza',
      end,
      () => void server.createDispatch(room, 'pizza', '{}'),
    );

    expect(await server.assignedIn(room)).toEqual({ ...job, room, agentName: 'pizza' });
    expect(server.assignments()).toHaveLength(1);
    expect(await server.jobEnded(job.jobId)).toEqual({
      jobId: job.jobId,
      status: 'JS_FAILED',
      error: 'the oven is cold',
    });
    await server.close();
  });

  it('runs beside another one, and both are gone after close', async () => {
    const [one, other] = [await startLiveKitServer({ found }), await startLiveKitServer({ found })];
    expect(one.url).not.toBe(other.url);
    await Promise.all([one.close(), other.close()]);
    await one.close();
    await Promise.all([one, other].map(({ pid }) => gone(Number(pid))));
    await expect(one.waitForLog(() => false)).rejects.toThrow('livekit-server ended');
  });

  it('ends with the process that started it, even one that is killed', async () => {
    const script =
      "import('@openrtc/test-rig').then(async (rig) => { const server = await rig.startLiveKitServer(); const callers = await rig.startCallers(); console.log(server.pid, callers.pid); })";
    const owner = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (
      await createInterface({ input: owner.stdout })[Symbol.asyncIterator]().next()
    ).value.match(/.+/u) as [string];
    owner.kill('SIGKILL');
    await Promise.all(line.split(' ').map((pid) => gone(Number(pid))));
  });
});
