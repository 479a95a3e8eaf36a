import { initializeLogger, tts } from '@livekit/agents';
import type { AudioFrame } from '@livekit/rtc-node';
import { beforeAll, expect, test } from 'vitest';
import { EnergyGate } from './energy-gate.js';
import { ToneTTS } from './tone-tts.js';

beforeAll(() => initializeLogger({ pretty: false, level: 'silent' }));

async function framesOf(stream: tts.ChunkedStream): Promise<AudioFrame[]> {
  const frames: AudioFrame[] = [];
  for await (const { frame } of stream) {
    frames.push(frame);
  }
  return frames;
}

const lengthMs = (frames: AudioFrame[]) =>
  frames.reduce((sum, frame) => sum + (frame.samplesPerChannel * 1000) / frame.sampleRate, 0);

test('is as long as the text has words, in frames of 100 ms', async () => {
  const frames = await framesOf(new ToneTTS({ msPerWord: 150 }).synthesize('one two three'));
  expect(lengthMs(frames)).toBe(450);
  expect(frames.map((frame) => frame.samplesPerChannel)).toEqual([2400, 2400, 2400, 2400, 1200]);
  expect(frames[0]).toMatchObject({ sampleRate: 24_000, channels: 1 });
});

test('is never longer than maxMs', async () => {
  const frames = await framesOf(new ToneTTS({ maxMs: 1000 }).synthesize('word '.repeat(50)));
  expect(lengthMs(frames)).toBe(1000);
});

test('sounds at its pitch, about a third of full scale, and begins and ends at zero', async () => {
  const frames = await framesOf(new ToneTTS({ frequencyHz: 500 }).synthesize('one two'));
  const samples = frames.flatMap((frame) => [...frame.data]);
  const crossings = samples.filter(
    (sample, at) => at > 0 && sample >= 0 && (samples[at - 1] ?? 0) < 0,
  );
  expect(crossings.length / (lengthMs(frames) / 1000)).toBeCloseTo(500, -1);
  expect(Math.max(...samples)).toBeCloseTo(0.3 * 0x7fff, -2);
  expect([samples[0], samples.at(-1)]).toEqual([0, 0].map((zero) => expect.closeTo(zero, 0)));
});

test('is speech to the scripted ears', async () => {
  const gate = new EnergyGate();
  const frames = await framesOf(new ToneTTS().synthesize('hello'));
  expect(frames.flatMap((frame) => gate.push(frame)).map(({ kind }) => kind)).toEqual(['start']);
});

test('streams a tone per sentence', async () => {
  const stream = new ToneTTS().stream();
  stream.pushText('One two three four five six. Seven eight nine ten eleven twelve.');
  stream.endInput();
  const frames: AudioFrame[] = [];
  for await (const audio of stream) {
    if (audio !== tts.SynthesizeStream.END_OF_STREAM && typeof audio !== 'symbol') {
      frames.push(audio.frame);
    }
  }
  expect(lengthMs(frames)).toBe(2400);
});
