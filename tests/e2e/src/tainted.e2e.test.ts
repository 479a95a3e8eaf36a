import { type EmbeddedLiveKit, startEmbeddedLiveKit } from '@openrtc/core/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { WorkerProcess } from './worker-process.js';

// Needs no audio, and so no real server; what it is about is a real process that ends. Calls in processes of their
// own taint those, and not the worker: see packages/isolation-process.

let livekit: EmbeddedLiveKit;
let worker: WorkerProcess;

beforeAll(async () => {
  livekit = await startEmbeddedLiveKit();
  worker = await WorkerProcess.start(livekit, { agents: 'faulty', isolation: 'coroutine' });
});
afterAll(async () => {
  await worker?.close();
  await livekit?.close();
});

it('a throw that no call can be blamed for drains the worker, which ends with POOL_TAINTED', async () => {
  const dial = async (agent: string) => {
    const call = await livekit.call({ metadata: { agent } });
    expect(await call.nextReply()).toBe('Ready.');
    return call;
  };
  const calm = await dial('on_exit_throws');
  expect(await calm.say('hello')).toBe('You said: hello');
  const guilty = await dial('microtask_throws');
  expect(await guilty.say('hello')).toBe('You said: hello');
  const last = guilty.say('now').catch((error: unknown) => error);
  await expect.poll(async () => (await worker.snapshot()).state).toBe('draining');
  expect(await calm.say('still there?')).toBe('You said: still there?');
  guilty.hangUp();
  calm.hangUp();
  expect((await calm.ended).status).toBe('success');
  expect((await guilty.ended).status).toBe('success');
  expect(await worker.exited).toEqual({ code: 1, signal: null });
  expect(worker.output).toContain('POOL_TAINTED');
  await last;
});
