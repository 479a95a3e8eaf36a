import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type EmbeddedLiveKit, startEmbeddedLiveKit } from '@openrtc/core/testing';
import { expect, test, vi } from 'vitest';

import { exists, fixture } from './process-rig.fixture.js';

const PATIENCE = { timeout: 30_000, interval: 20 };

/** Starts a worker in a process of its own. By `IS_WORKER` it knows that it is the worker: our pid is its parent's. */
function startWorker(
  url: string,
  apiKey: string,
  apiSecret: string,
  options: object,
): ChildProcess {
  return fork(fixture('worker.mjs'), {
    env: {
      ...process.env,
      LIVEKIT_URL: url,
      LIVEKIT_API_KEY: apiKey,
      LIVEKIT_API_SECRET: apiSecret,
      PROCESSES: JSON.stringify(options),
      IS_WORKER: String(process.pid),
    },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
}

/** Calls; the process of the call may have to start first. */
const dial = (livekit: EmbeddedLiveKit) => livekit.call({ joinTimeoutMs: PATIENCE.timeout });

async function pidsOf(worker: ChildProcess): Promise<readonly number[]> {
  const answered = once(worker, 'message') as Promise<[{ readonly pids: readonly number[] }]>;
  worker.send('pids');
  return (await answered)[0].pids;
}

test.each([
  ['one call each', { idleProcesses: 1 }],
  ['five calls each', { sessionsPerProcess: 5 }],
])(
  'a worker that is killed leaves no process behind, stuck ones included: %s',
  async (_what, options) => {
    await using livekit = await startEmbeddedLiveKit();
    const worker = startWorker(livekit.url, livekit.apiKey, livekit.apiSecret, options);
    try {
      await livekit.until(({ workers }) => workers.length > 0, PATIENCE.timeout);
      const calls = [await dial(livekit), await dial(livekit), await dial(livekit)];
      for (const call of calls) await call.say('hello');
      const pids = await pidsOf(worker);
      expect(pids.length).toBeGreaterThanOrEqual(2);
      // A process in an endless loop and a stopped one cannot end by themselves.
      calls[0]?.say('spin').catch(() => undefined);
      process.kill(pids.at(-1) ?? Number.NaN, 'SIGSTOP');
      worker.kill('SIGKILL');
      await vi.waitFor(() => expect(pids.filter(exists)).toEqual([]), PATIENCE);
    } finally {
      worker.kill('SIGKILL');
    }
  },
);

test('after Ctrl-C, which reaches all processes, calls go on until the worker has drained', async () => {
  await using livekit = await startEmbeddedLiveKit();
  const worker = startWorker(livekit.url, livekit.apiKey, livekit.apiSecret, { idleProcesses: 1 });
  const exited = once(worker, 'exit');
  try {
    await livekit.until(({ workers }) => workers.length > 0, PATIENCE.timeout);
    const call = await dial(livekit);
    await call.say('hello');
    const pids = await pidsOf(worker);
    for (const pid of [...pids, worker.pid ?? Number.NaN]) process.kill(pid, 'SIGINT');
    await livekit.until(({ workers }) => workers[0]?.status === 'full', PATIENCE.timeout);
    expect(await call.say('still there?')).toBe('heard still there?');
    call.hangUp();
    expect(await exited).toEqual([0, null]);
    expect((await call.ended).status).toBe('success');
    expect(pids.filter(exists)).toEqual([]);
  } finally {
    worker.kill('SIGKILL');
  }
});
