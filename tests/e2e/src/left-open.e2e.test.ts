import { expect, it } from 'vitest';

import { times } from './long-forms.js';
import { describeRealCalls } from './real-calls.js';
import { roomName } from './real-server.js';
import type { WorkerProcess } from './worker-process.js';

const DEADLINE = { timeout: 30_000 };
const AT_A_TIME = 4;
// In the worker's own process: another one ends with its calls.
const SETUP = { agents: 'music', isolation: 'coroutine' } as const;

describeRealCalls('a worker whose agent never closes its background audio player', (real) => {
  /** One call, from the greeting to the end that LiveKit has recorded. */
  async function call(worker: WorkerProcess, metadata: object = {}): Promise<void> {
    const room = roomName('music');
    const caller = await real.join(room, { metadata: { agent: 'music', ...metadata } });
    await caller.nextTranscript('agent');
    await caller.hangUp();
    const { info, outcome } = await worker.ended(room);
    expect(outcome).toMatchObject({ status: 'success', reason: 'caller_left' });
    expect((await real.server.jobEnded(info.jobId)).status).toBe('JS_SUCCESS');
  }

  it('holds nothing of calls that have ended, and exits when it is told to', async () => {
    const worker = await real.startWorker(SETUP);
    // The first call starts what is kept for the next ones.
    await call(worker);
    const after = await worker.resources();
    const calls = times({ inCi: 4, nightly: 80 });
    for (let from = 0; from < calls; from += AT_A_TIME)
      await Promise.all(Array.from({ length: AT_A_TIME }, () => call(worker)));
    await expect.poll(() => worker.resources(), DEADLINE).toEqual(after);
    worker.kill('SIGTERM');
    expect(await worker.exited).toEqual({ code: 0, signal: null });
    expect(worker.output).not.toContain('the process goes on');
  });

  it('names what its code has left open, when that keeps the process alive', async () => {
    const worker = await real.startWorker(SETUP);
    await call(worker, { interval: true });
    worker.kill('SIGTERM');
    await expect.poll(() => worker.output, DEADLINE).toContain('the process goes on');
    expect(worker.output).toMatch(/"resources":{[^}]*"Timeout":1/);
  });
});
