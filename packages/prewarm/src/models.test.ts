import { isOpenRtcError, type ModelMemory } from '@openrtc/core';
import { afterEach, describe, expect, it } from 'vitest';
import { loadLocalInference } from './local-inference.js';
import { models, type ModelsOptions } from './models.js';

const never = new AbortController().signal;
const silence = { pcm: Buffer.alloc(1.2 * 16_000 * 2).toString('base64') };
const opened: AsyncDisposable[] = [];

function open(options?: ModelsOptions): ReturnType<typeof models> {
  const shared = models(options);
  opened.push(shared);
  return shared;
}

afterEach(async () => {
  for (const shared of opened.splice(0)) await shared[Symbol.asyncDispose]();
});

describe('models', () => {
  it('predicts with the real model, which is loaded on demand', async () => {
    const shared = open();
    await shared.load(never);
    expect(shared.turnDetector).toBe(true);
    expect(await shared.executor.doInference('lk_eot_audio', silence)).toEqual({
      probability: expect.toSatisfy((p: number) => p >= 0 && p <= 1),
      inferenceDurationMs: expect.toSatisfy((ms: number) => ms > 0),
    });
  });

  it('predicts at once after an eager load', async () => {
    const shared = open({ turnDetector: 'eager' });
    await shared.load(never);
    await expect(shared.executor.doInference('lk_eot_audio', silence)).resolves.toHaveProperty(
      'probability',
    );
  });

  it('takes audio of any length, an odd byte at the end included', async () => {
    const pcm = Buffer.alloc(801).toString('base64');
    await expect(open().executor.doInference('lk_eot_audio', { pcm })).resolves.toHaveProperty(
      'probability',
    );
  });

  it('rejects data of another kind, and says what it takes', async () => {
    await expect(open().executor.doInference('lk_eot_audio', { pcm: 3 })).rejects.toThrow('base64');
  });

  it('refuses predictions when the turn detector is off', async () => {
    const shared = open({ turnDetector: false });
    await shared.load(never);
    expect(shared.turnDetector).toBe(false);
    await expect(shared.executor.doInference('lk_eot_audio', silence)).rejects.toMatchObject({
      code: 'PREWARM_FAILED',
      message: expect.stringContaining('turnDetector: false'),
    });
  });

  it('has no turn detector before it is loaded', () => {
    expect(open().turnDetector).toBe(false);
  });

  it('rejects a load that is aborted, before or during it', async () => {
    await expect(open().load(AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop');
    const control = new AbortController();
    const loading = open({ turnDetector: 'eager' }).load(control.signal);
    control.abort(new Error('stop now'));
    await expect(loading).rejects.toThrow('stop now');
  });

  it('can be closed twice, and rejects everything afterwards', async () => {
    const shared = open();
    await shared[Symbol.asyncDispose]();
    await shared[Symbol.asyncDispose]();
    await expect(shared.load(never)).rejects.toMatchObject({ code: 'POOL_STATE' });
    await expect(shared.executor.doInference('lk_eot_audio', silence)).rejects.toMatchObject({
      code: 'POOL_STATE',
    });
  });

  it.each<[unknown, string]>([
    [{ turnDetector: true }, "'on_demand', 'eager' or false"],
    [{ turnDetecter: false }, 'models(): unknown option "turnDetecter"; did you mean "turnDetec'],
    [{ silero: {} }, 'models(): unknown option "silero"; known: turnDetector, vad'],
    [null, 'models(): options must be an object, got null'],
    ['eager', 'models(): options must be an object, got a string'],
    [new Map(), 'models(): options must be an object, got a Map'],
  ])('refuses the options %j', (options, message) => {
    expect(() => models(options as never)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID_OPTION',
        message: expect.stringContaining(message),
      }),
    );
  });
});

/** A worker in which the model fits or not. It notes what it is asked. */
function worker(how: { fits?: boolean; fitsLater?: boolean } = {}) {
  const { fits = true, fitsLater = fits } = how;
  const asked: string[] = [];
  const memory: ModelMemory = {
    reserve({ name, bytes }) {
      asked.push(`reserve ${name}, ${bytes / 1_048_576} MiB`);
      return fits;
    },
    async load({ name }, load) {
      asked.push(`load ${name}`);
      if (fitsLater) await load();
      return fitsLater;
    },
  };
  return { memory, asked };
}

describe('the memory of the worker', () => {
  const predict = (shared: ReturnType<typeof models>) =>
    shared.executor.doInference('lk_eot_audio', silence);
  const ended = { probability: 1, inferenceDurationMs: 0 };

  it.each(['on_demand', 'eager'] as const)(
    'without room for it the turn detector is not loaded: %s',
    async (turnDetector) => {
      const shared = open({ turnDetector });
      await shared.load(never, worker({ fits: false }).memory);
      expect(shared.turnDetector).toBe(false);
      // A call of another process may ask all the same; its turn ends as the VAD has heard it.
      expect(await predict(shared)).toEqual(ended);
    },
  );

  it('is kept free for a turn detector that is loaded on demand', async () => {
    const shared = open();
    const { memory, asked } = worker();
    await shared.load(never, memory);
    expect(shared.turnDetector).toBe(true);
    expect(asked).toEqual(['reserve the turn detector, 260 MiB']);
    await Promise.all([predict(shared), predict(shared)]);
    expect(asked.slice(1)).toEqual(['load the turn detector']);
  });

  it('may be gone when the turn detector is needed: turns end by VAD from then on', async () => {
    const shared = open();
    const { memory, asked } = worker({ fitsLater: false });
    await shared.load(never, memory);
    expect(await Promise.all([predict(shared), predict(shared)])).toEqual([ended, ended]);
    expect(shared.turnDetector).toBe(false);
    expect(await predict(shared)).toEqual(ended);
    expect(asked.filter((each) => each.startsWith('load'))).toHaveLength(1);
  });

  it('is not asked for a turn detector that is off, nor for the VAD of other processes', async () => {
    const { memory, asked } = worker({ fits: false });
    await open({ turnDetector: false }).load(never, memory);
    const lent = open().lentBy?.(open().executor, true);
    await lent?.load(never, memory);
    expect(lent?.turnDetector).toBe(true);
    expect(asked).toEqual([]);
  });
});

describe('a native package that is missing', () => {
  it('is named in the error, with what to do and the cause', () => {
    const cause = new Error('Cannot find module');
    const load = (): never => {
      throw cause;
    };
    try {
      loadLocalInference(load);
      expect.unreachable();
    } catch (error) {
      expect(isOpenRtcError(error) && error.code).toBe('PREWARM_FAILED');
      expect(error).toMatchObject({
        message: expect.stringMatching(/@livekit\/local-inference .* optional/),
        cause,
      });
    }
  });
});
