import { VADEventType, initializeLogger, inference, type VADEvent } from '@livekit/agents';
import { AudioFrame } from '@livekit/rtc-node';
import { createHash } from 'node:crypto';
import { ReadableStream } from 'node:stream/web';
import { beforeAll, describe, expect, test } from 'vitest';

import { loadLocalInference } from './local-inference.js';
import { SessionVad } from './bundled-vad.js';
import { models } from './models.js';
import { recorded } from './recorded.fixture.js';

beforeAll(() => initializeLogger({ pretty: false, level: 'silent' }));

const local = loadLocalInference();
local.initVad();

/** Silence, two sentences with a pause, silence: 16 kHz. */
const talk = (): Int16Array => {
  const [first, second] = [recorded('order'), recorded('goodbye')];
  const second1 = 16_000;
  const all = new Int16Array(2 * second1 + first.length + second1 + second.length + 2 * second1);
  all.set(first, 2 * second1);
  all.set(second, 3 * second1 + first.length);
  return all;
};

/** The samples at another rate. The quality does not matter here. */
const at = (rate: number, samples: Int16Array): Int16Array =>
  Int16Array.from(
    { length: Math.trunc((samples.length * rate) / 16_000) },
    (_, index) => samples[Math.trunc((index * 16_000) / rate)] ?? 0,
  );

function framesOf(samples: Int16Array, rate: number, frameMs: number): AudioFrame[] {
  const size = (rate * frameMs) / 1_000;
  return Array.from({ length: Math.floor(samples.length / size) }, (_, index) => {
    return new AudioFrame(samples.slice(index * size, (index + 1) * size), rate, 1, size);
  });
}

interface Heard extends Omit<VADEvent, 'frames' | 'inferenceDuration'> {
  readonly frames: readonly ReturnType<typeof fingerprint>[];
}

/**
 * Enough to tell frames apart: a difference of 40 000 numbers could not be printed. Computed at once, because the SDK
 * goes on writing to the buffer of its frames.
 */
const fingerprint = ({ data, sampleRate }: AudioFrame) => ({
  sampleRate,
  samples: data.length,
  sha1: createHash('sha1').update(Int16Array.from(data)).digest('hex'),
});

/** All events of a VAD for these frames. */
async function hears(vad: inference.VAD, frames: readonly AudioFrame[]): Promise<Heard[]> {
  const stream = vad.stream();
  const events: Heard[] = [];
  const reading = (async () => {
    for await (const { inferenceDuration: _, frames: heard, ...event } of stream)
      events.push({ ...event, frames: heard.map(fingerprint) });
  })();
  const utterances = () => events.filter(({ type }) => type === VADEventType.END_OF_SPEECH).length;
  let asked = 0;
  stream.updateInputStream(
    new ReadableStream({
      pull(controller) {
        const frame = frames[asked++];
        if (frame !== undefined) controller.enqueue(frame);
      },
    }),
  );
  await expect.poll(utterances, { timeout: 20_000 }).toBe(2);
  stream.close();
  await reading;
  return events;
}

const turns = (events: readonly Heard[]) =>
  events.filter(({ type }) => type !== VADEventType.INFERENCE_DONE);

/**
 * An event without the samples of END_OF_SPEECH, because the SDK overwrites their first half second with the last one
 * before anyone can read them. The probability is rounded: the native resampler adds different noise each time.
 */
const spoken = ({ probability, ...event }: Heard) => ({
  ...event,
  likely: probability > 0.5,
  frames:
    event.type === VADEventType.END_OF_SPEECH
      ? event.frames.map(({ sampleRate, samples }) => ({ sampleRate, samples }))
      : event.frames,
});

describe('the VAD of a session', () => {
  test.each([
    ['16 kHz in windows', 16_000, 32],
    ['16 kHz in 10 ms', 16_000, 10],
    ['24 kHz in 20 ms', 24_000, 20],
    ['48 kHz in 50 ms', 48_000, 50],
  ])('has the same events as the VAD of the SDK, at %s', async (_name, rate, frameMs) => {
    const frames = framesOf(at(rate, talk()), rate, frameMs);
    const ours = await hears(new SessionVad(local), frames);
    const theirs = await hears(new inference.VAD(), frames);
    expect(turns(ours).map(({ type }) => type)).toEqual([
      VADEventType.START_OF_SPEECH,
      VADEventType.END_OF_SPEECH,
      VADEventType.START_OF_SPEECH,
      VADEventType.END_OF_SPEECH,
    ]);
    expect(turns(ours).map(spoken)).toEqual(turns(theirs).map(spoken));
  });

  test('returns the audio of the speech, from half a second before it to its end', async () => {
    const heard = talk();
    const ends = turns(await hears(new SessionVad(local), framesOf(heard, 16_000, 32)));
    for (const { frames, samplesIndex } of ends) {
      const [{ samples } = { samples: 0 }] = frames;
      const said = heard.slice(samplesIndex - samples, samplesIndex);
      expect(frames).toEqual([fingerprint(new AudioFrame(said, 16_000, 1, samples))]);
    }
  });

  test('has an event for every window with speech, and for few in silence', async () => {
    const frames = framesOf(talk(), 16_000, 32);
    const windows = (events: readonly Heard[]) =>
      events.filter(({ type }) => type === VADEventType.INFERENCE_DONE);
    const speech = ({ speaking, rawAccumulatedSpeech }: Heard) =>
      speaking || rawAccumulatedSpeech > 0;
    const ours = windows(await hears(new SessionVad(local), frames));
    const theirs = windows(await hears(new inference.VAD(), frames));
    expect(ours.filter(speech)).toEqual(theirs.filter(speech));
    // Two sentences, so three silences, and one more after each short sound that was not speech.
    const silent = ours.filter((event) => !speech(event)).length;
    expect(silent).toBeLessThan(theirs.filter((event) => !speech(event)).length / 4);
  });

  test('starts again after a flush, as the VAD of the SDK does', async () => {
    const frames = framesOf(recorded('order'), 16_000, 32);
    for (const vad of [new SessionVad(local), new inference.VAD()]) {
      const stream = vad.stream();
      for (const frame of frames.slice(0, 40)) stream.pushFrame(frame);
      stream.flush();
      for (const frame of frames) stream.pushFrame(frame);
      const starts: VADEvent[] = [];
      while (starts.length < 2) {
        const { value } = await stream.next();
        if (value?.type === VADEventType.START_OF_SPEECH) starts.push(value);
      }
      expect(starts[1]?.samplesIndex).toBe(starts[0]?.samplesIndex);
      stream.close();
    }
  });

  test('uses changed options while it listens', async () => {
    const vad = new SessionVad(local);
    const stream = vad.stream();
    vad.updateOptions({ activationThreshold: 1.1 });
    for (const frame of framesOf(recorded('order'), 16_000, 32)) stream.pushFrame(frame);
    vad.updateOptions({ activationThreshold: 0.5 });
    const { value } = await stream.next();
    expect(value?.type).toBe(VADEventType.INFERENCE_DONE);
    stream.close();
  });

  test('has no more events once it is closed', async () => {
    const stream = new SessionVad(local).stream();
    const next = stream.next();
    stream.close();
    await expect(next).resolves.toEqual({ done: true, value: undefined });
    await expect(stream.next()).resolves.toEqual({ done: true, value: undefined });
    expect(() => stream.flush()).toThrow('Stream is closed');
  });

  test('accepts one input at a time, and another after the SDK has detached it', async () => {
    const stream = new SessionVad(local).stream();
    const input = () => new ReadableStream<AudioFrame>();
    const first = input();
    stream.updateInputStream(first);
    expect(() => stream.updateInputStream(input())).toThrow('already set');
    stream.detachInputStream();
    expect(first.locked).toBe(false);
    stream.updateInputStream(input());
    stream.close();
  });
});

test('models() creates one for each call, wherever it runs', async () => {
  await using shared = models();
  expect(() => shared.vad?.()).toThrow('not loaded');
  await shared.load(new AbortController().signal);
  const lent = models().lentBy?.(shared.executor, true);
  await lent?.load(new AbortController().signal);
  for (const each of [shared, lent]) {
    const [one, other] = [each?.vad?.(), each?.vad?.()];
    expect(one).toBeInstanceOf(SessionVad);
    expect(other).not.toBe(one);
  }
});
