import { InferenceRunner } from '@livekit/agents';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { models } from './models.js';
import { RunnerThread } from './runner-thread.js';

const thread = new RunnerThread();

beforeAll(() => {
  const url = (name: string): URL => new URL(`./fixtures/${name}`, import.meta.url);
  InferenceRunner.registerRunner('fixture', url('runner.mjs').href);
  InferenceRunner.registerRunner('fixture_by_path', url('runner.mjs').pathname);
  InferenceRunner.registerRunner('broken', url('broken-runner.mjs').href);
});

afterEach(() => thread[Symbol.asyncDispose]());

afterAll(() => {
  InferenceRunner.registeredRunners = {};
});

describe('RunnerThread', () => {
  it('runs all runners in one thread of their own, each initialized once', async () => {
    const [first, second] = await Promise.all([
      thread.run('fixture', { text: 'hello' }),
      thread.run('fixture_by_path', { text: 'there' }),
    ]);
    expect(first).toMatchObject({ text: 'hello', isMainThread: false, initialized: 1 });
    expect(second).toMatchObject({ text: 'there', initialized: 1 });
    expect(second).toHaveProperty('threadId', (first as { threadId: number }).threadId);
  });

  it("rejects with the runner's own error, and continues", async () => {
    await expect(thread.run('fixture', { fail: 'too long' })).rejects.toMatchObject({
      name: 'RangeError',
      message: 'too long',
    });
    await expect(thread.run('fixture', {})).resolves.toMatchObject({ initialized: 1 });
  });

  it('rejects data that cannot be cloned', async () => {
    await expect(thread.run('fixture', { hook: () => {} })).rejects.toThrow('could not be cloned');
  });

  it('says which runner could not be loaded, and why', async () => {
    await expect(thread.run('broken', {})).rejects.toMatchObject({
      code: 'PREWARM_FAILED',
      message: expect.stringMatching(/'broken' could not be loaded: model_q8.onnx is missing/),
    });
  });

  it('lists the known methods when it gets another one', async () => {
    await expect(thread.run('lk_unheard_of', {})).rejects.toMatchObject({
      code: 'PREWARM_FAILED',
      message: expect.stringMatching(/'lk_unheard_of' \(known: lk_eot_audio, fixture/),
    });
  });

  it('rejects unanswered requests when the thread dies, then starts another thread', async () => {
    await expect(thread.run('fixture', { crash: true })).rejects.toMatchObject({
      code: 'PREWARM_FAILED',
      message: expect.stringContaining('exit code 3'),
    });
    await expect(thread.run('fixture', {})).resolves.toMatchObject({ initialized: 1 });
  });

  it('runs every method of an executor except the turn detector', async () => {
    const shared = models({ turnDetector: false });
    await expect(shared.executor.doInference('fixture', { text: 'hi' })).resolves.toMatchObject({
      text: 'hi',
    });
    await shared[Symbol.asyncDispose]();
    await shared[Symbol.asyncDispose]();
  });
});
