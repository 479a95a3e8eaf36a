import { expect, it } from 'vitest';
import { AudioMeter } from './audio-meter.js';
import { SAMPLES_PER_MS } from './format.js';
import { tone } from './tone.js';

const FRAME = 20 * SAMPLES_PER_MS;

function play(meter: AudioMeter, fromMs: number, ...sounds: Int16Array[]): void {
  const all = Int16Array.from(sounds.flatMap((sound) => [...sound]));
  for (let at = 0; at < all.length; at += FRAME)
    meter.push(all.subarray(at, at + FRAME), fromMs + (at + FRAME) / SAMPLES_PER_MS);
}

function silence(ms: number): Int16Array {
  return new Int16Array(ms * SAMPLES_PER_MS);
}

it('splits sound into segments at a long silence, with places, times and tones', () => {
  const meter = new AudioMeter();
  play(
    meter,
    5_000,
    silence(100),
    tone(440, 300),
    silence(200),
    tone(440, 300),
    silence(600),
    tone(880, 400),
  );
  const { segments, ...report } = meter.report();
  expect(
    segments.map(({ startSample, endSample }) =>
      [startSample, endSample].map((at) => at / SAMPLES_PER_MS),
    ),
  ).toEqual([
    [100, 900],
    [1_500, 1_900],
  ]);
  expect(
    segments.map(({ startedAtMs, longestGapMs, dominantHz }) => [
      startedAtMs,
      longestGapMs,
      dominantHz,
    ]),
  ).toEqual([
    [5_100, 200, 440],
    [6_500, 0, 880],
  ]);
  expect(report).toMatchObject({
    heardMs: 1_000,
    longestGapMs: 200,
    frames: 95,
    receivedMs: 1_900,
    wallMs: 1_880,
  });
});

it('takes frames of any length', () => {
  const meter = new AudioMeter();
  const sound = tone(440, 500);
  for (let at = 0; at < sound.length; at += 111) meter.push(sound.subarray(at, at + 111), at);
  expect(meter.report()).toMatchObject({ heardMs: 500, receivedMs: 500 });
});

it('does not bridge from one track to the next', () => {
  const meter = new AudioMeter();
  play(meter, 0, tone(440, 300));
  meter.startTrack();
  play(meter, 300, tone(660, 300));
  expect(meter.report().segments.map(({ dominantHz }) => dominantHz)).toEqual([440, 660]);
});

it('refuses to stop a watch that was not started', async () => {
  await expect(new AudioMeter().stopGapWatch(() => Promise.resolve())).rejects.toThrow(
    'startGapWatch()',
  );
});
