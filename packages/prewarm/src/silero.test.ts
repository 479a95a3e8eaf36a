import { VAD, VADEventType, type VADStream, initializeLogger } from '@livekit/agents';
import { AudioFrame } from '@livekit/rtc-node';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from 'vitest';
import { locateModule } from './locate-module.js';
import { models } from './models.js';
import { recorded } from './recorded.fixture.js';
import { Silero, silero } from './silero.js';
import { resolveSileroOptions } from './silero-options.js';

const never = new AbortController().signal;
const opened: AsyncDisposable[] = [];

beforeAll(() => initializeLogger({ pretty: false, level: 'silent' }));
afterEach(async () => {
  for (const one of opened.splice(0)) await one[Symbol.asyncDispose]();
});

async function load(vad = silero()) {
  opened.push(vad);
  await vad.load(never);
  return vad;
}

/** Frames of 32 ms, 16 kHz mono. */
function frames(pcm: Int16Array): AudioFrame[] {
  const pieces: AudioFrame[] = [];
  for (let at = 0; at + 512 <= pcm.length; at += 512)
    pieces.push(new AudioFrame(pcm.slice(at, at + 512), 16_000, 1, 512));
  return pieces;
}

/** A sentence, and a second of silence after it. */
function sentence(): AudioFrame[] {
  const said = recorded('hours');
  const pcm = new Int16Array(said.length + 16_000);
  pcm.set(said);
  return frames(pcm);
}

/** Pushes a sentence, and returns the events until the end of its speech. */
async function hear(stream: VADStream): Promise<VADEventType[]> {
  const heard: VADEventType[] = [];
  for (const frame of sentence()) stream.pushFrame(frame);
  for await (const { type } of stream) {
    if (type !== VADEventType.INFERENCE_DONE) heard.push(type);
    if (type === VADEventType.END_OF_SPEECH) break;
  }
  return heard;
}

describe('silero()', () => {
  it('gives each call a VAD of its own, which detects speech', async () => {
    const vad = await load();
    const calls = [vad.create(), vad.create()];
    expect(calls[0]).toBeInstanceOf(VAD);
    expect(calls[0]).not.toBe(calls[1]);
    expect(calls[0]?.minSilenceDuration).toBe(550);
    const streams = calls.map((call) => call.stream());
    for (const heard of await Promise.all(streams.map(hear)))
      expect(heard).toEqual([VADEventType.START_OF_SPEECH, VADEventType.END_OF_SPEECH]);
    for (const stream of streams) stream.close();
  });

  it('keeps nothing of a call that is over', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const vad = await load();
    const past: WeakRef<object>[] = [];
    for (let call = 0; call < 3; call += 1) {
      // In a function of its own, so that no variable of this one refers to the call.
      await (async () => {
        const own = vad.create();
        const stream = own.stream();
        await hear(stream);
        stream.close();
        past.push(new WeakRef(own), new WeakRef(stream));
      })();
    }
    await expect
      .poll(() => {
        collect();
        return past.filter((ref) => ref.deref() !== undefined).length;
      })
      .toBe(0);
  });

  it('passes its options to the plugin', async () => {
    const vad = await load(silero({ minSilenceDuration: 300, sampleRate: 8000 }));
    expect(vad.create().minSilenceDuration).toBe(300);
  });

  it('throws when a call comes before it is loaded, or after it is closed', async () => {
    const vad = silero();
    expect(() => vad.create()).toThrow(expect.objectContaining({ code: 'POOL_STATE' }));
    await vad.load(never);
    await vad[Symbol.asyncDispose]();
    await vad[Symbol.asyncDispose]();
    expect(() => vad.create()).toThrow(expect.objectContaining({ code: 'POOL_STATE' }));
  });

  it('is not loaded by a start that was cancelled', async () => {
    await expect(silero().load(AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop');
  });
});

describe('a plugin that cannot be loaded', () => {
  it('is named in the error, with the command that installs it', async () => {
    await expect(new Silero({}, () => undefined).load(never)).rejects.toMatchObject({
      code: 'PREWARM_FAILED',
      message:
        '@livekit/agents-plugin-silero is not installed: npm install @livekit/agents-plugin-silero@~1.9.0',
    });
  });

  it('is named in the error, with the cause', async () => {
    const broken = new Silero({}, () => '/nowhere/index.js');
    await expect(broken.load(never)).rejects.toMatchObject({
      code: 'PREWARM_FAILED',
      message: expect.stringMatching(
        /^@livekit\/agents-plugin-silero is installed but could not be loaded: /,
      ),
      cause: expect.any(Error),
    });
  });
});

describe('options', () => {
  it('are those of the plugin, and undefined counts as not given', () => {
    expect(resolveSileroOptions({ minSilenceDuration: undefined as never })).toEqual(
      resolveSileroOptions({}),
    );
  });

  it.each([
    [
      { minSilence: 5 },
      /unknown option "minSilence"; known: minSpeechDuration, minSilenceDuration/,
    ],
    [{ sampelRate: 8_000 }, /unknown option "sampelRate"; did you mean "sampleRate"/],
    [null, /silero\(\): options must be an object, got null/],
    [{ minSpeechDuration: -1 }, /minSpeechDuration \}\) must be milliseconds, 0 or more, got -1/],
    [{ maxBufferedSpeech: Number.NaN }, /maxBufferedSpeech/],
    [{ activationThreshold: 1.5 }, /a number from 0 to 1, got 1.5/],
    [{ sampleRate: 44_100 }, /8000 or 16000, got 44100/],
  ])('%o is refused', (options, message) => {
    expect(() => silero(options as never)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID_OPTION',
        message: expect.stringMatching(message),
      }),
    );
  });
});

describe('models({ vad: silero() })', () => {
  it('gives a VAD to each call, in the worker and in other processes', async () => {
    const shared = models({ vad: silero() });
    opened.push(shared);
    await shared.load(never);
    expect(shared.vad?.()).toBeInstanceOf(VAD);
    const elsewhere = models({ vad: silero() }).lentBy?.(shared.executor, true);
    if (elsewhere === undefined) expect.unreachable();
    opened.push(elsewhere);
    await elsewhere.load(never);
    expect(elsewhere.vad?.()).toBeInstanceOf(VAD);
    expect(elsewhere.turnDetector).toBe(true);
  });

  it('rejects the load if the plugin cannot be loaded', async () => {
    const shared = models({ vad: new Silero({}, () => undefined) });
    await expect(shared.load(never)).rejects.toMatchObject({ code: 'PREWARM_FAILED' });
  });

  it('refuses a VAD object, which calls would share', () => {
    expect(() => models({ vad: { stream: () => {} } as never })).toThrow('what silero() returns');
    expect(() => models({ vad: silero as never })).toThrow('what silero() returns');
  });
});

describe('locateModule()', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'openrtc-locate-')));
  const install = (name: string, manifest: object) => {
    const at = join(folder, 'node_modules', name);
    mkdirSync(join(at, 'dist'), { recursive: true });
    writeFileSync(join(at, 'package.json'), JSON.stringify({ name, ...manifest }));
    for (const file of ['index.js', 'index.cjs']) writeFileSync(join(at, 'dist', file), '');
    return at;
  };
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const entry = join(folder, 'main.js');

  test('finds the ESM build of a package that has both, from the entry', () => {
    const both = {
      import: { default: './dist/index.js' },
      require: { default: './dist/index.cjs' },
    };
    const shapes = { '@some/plugin': both, '@some/subpaths': { '.': both } };
    for (const [name, exports] of Object.entries(shapes)) {
      const at = install(name, { exports });
      expect(locateModule(name, [entry])).toBe(join(at, 'dist/index.js'));
    }
  });

  test('finds a package from this package', () => {
    const found = locateModule('@livekit/agents-plugin-silero', ['', undefined, import.meta.url]);
    expect(found !== undefined && existsSync(found)).toBe(true);
  });

  test('returns undefined when there is none', () => {
    expect(locateModule('@some/other', [entry, import.meta.url])).toBeUndefined();
  });
});
