import { afterEach, describe, expect, it } from 'vitest';
import type { LocalInference } from './local-inference.js';
import { TurnDetector } from './turn-detector.js';

const pcm = new Int16Array(16);
const opened: TurnDetector[] = [];

/** A detector that loads the fixture `load` and predicts with `predict`. */
function detector(predict: () => Promise<number>, load: string): TurnDetector {
  const native: LocalInference = {
    predict,
    createVad: () => expect.unreachable(),
    initEot: () => expect.unreachable('initEot() ran on the thread of the calls'),
    initVad: () => expect.unreachable(),
    VAD_WINDOW_SAMPLES: 512,
  };
  const opening = new TurnDetector(native, new URL(`./fixtures/${load}`, import.meta.url).pathname);
  opened.push(opening);
  return opening;
}

afterEach(async () => {
  for (const one of opened.splice(0)) await one[Symbol.asyncDispose]();
});

describe('TurnDetector', () => {
  it('loads once for concurrent callers, in another thread', async () => {
    const one = detector(async () => 0.5, 'loads.cjs');
    let threads = 0;
    const count = (): void => void (threads += 1);
    process.on('worker', count);
    await Promise.all([one.load(), one.predict(pcm), one.predict(pcm), one.load()]);
    await one.predict(pcm);
    process.off('worker', count);
    expect(threads).toBe(1);
  });

  it('predicts one at a time', async () => {
    let running = 0;
    let most = 0;
    const one = detector(async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return 0.5;
    }, 'loads.cjs');
    await Promise.all(Array.from({ length: 5 }, () => one.predict(pcm)));
    expect(most).toBe(1);
  });

  it('continues after a prediction that failed', async () => {
    let calls = 0;
    const one = detector(async () => {
      calls += 1;
      if (calls === 1) throw new Error('bad audio');
      return 0.25;
    }, 'loads.cjs');
    const [first, second] = await Promise.allSettled([one.predict(pcm), one.predict(pcm)]);
    expect(first).toMatchObject({ status: 'rejected', reason: { message: 'bad audio' } });
    expect(second).toMatchObject({ status: 'fulfilled', value: { probability: 0.25 } });
  });

  it('rejects with the cause when the model cannot be loaded, and tries again later', async () => {
    const one = detector(async () => 0.5, 'does-not-load.cjs');
    const first = one.load();
    await expect(first).rejects.toMatchObject({
      code: 'PREWARM_FAILED',
      message: expect.stringContaining('turn detector'),
      cause: { message: 'out of memory' },
    });
    const again = one.load();
    expect(again).not.toBe(first);
    await expect(again).rejects.toMatchObject({ code: 'PREWARM_FAILED' });
  });

  it('rejects a load during which it is closed', async () => {
    const one = detector(async () => 0.5, 'never-loads.cjs');
    const loading = one.load();
    const rejected = expect(loading).rejects.toMatchObject({ code: 'PREWARM_FAILED' });
    await one[Symbol.asyncDispose]();
    await one[Symbol.asyncDispose]();
    await rejected;
  });
});
