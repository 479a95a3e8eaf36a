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
  it('runs every runner in one thread beside the calls, initialized once', async () => {
    const [first, second] = await Promise.all([
      thread.run('fixture', { text: 'hello' }),
      thread.run('fixture_by_path', { text: 'there' }),
    ]);
    expect(first).toMatchObject({ text: 'hello', isMainThread: false, initialized: 1 });
    expect(second).toMatchObject({ text: 'there', initialized: 1 });
    expect(second).toHaveProperty('threadId', (first as { threadId: number }).threadId);
  });

  it("rejects with the runner's own error, and goes on", async () => {
    await expect(thread.run('fixture', { fail: 'too long' })).rejects.toMatchObject({
      name: 'RangeError',
      message: 'too long',
    });
    await expect(thread.run('fixture', {})).resolves.toMatchObject({ initialized: 1 });
  });

  it('refuses data that cannot cross to a thread', async () => {
    await expect(thread.run('fixture', { hook: () => {} })).rejects.toThrow('could not be cloned');
  });

  it('says which runner does not load, and why', async () => {
    await expect(thread.run('broken', {})).rejects.toMatchObject({
      code: 'PREWARM_FAILED',
      message: expect.stringMatching(/'broken' failed to load: model_q8.onnx is missing/),
    });
  });

  it('names the methods it knows when asked for another', async () => {
    await expect(thread.run('lk_unheard_of', {})).rejects.toMatchObject({
      code: 'PREWARM_FAILED',
      message: expect.stringMatching(/'lk_unheard_of' \(known: lk_eot_audio, fixture/),
    });
  });

  it('fails what was under way when the thread dies, then starts another', async () => {
    await expect(thread.run('fixture', { crash: true })).rejects.toMatchObject({
      code: 'PREWARM_FAILED',
      message: expect.stringContaining('exit code 3'),
    });
    await expect(thread.run('fixture', {})).resolves.toMatchObject({ initialized: 1 });
  });

  it('is what an executor uses for methods other than the turn detector', async () => {
    const shared = models({ turnDetector: false });
    await expect(shared.executor.doInference('fixture', { text: 'hi' })).resolves.toMatchObject({
      text: 'hi',
    });
    await shared[Symbol.asyncDispose]();
    await shared[Symbol.asyncDispose]();
  });
});
