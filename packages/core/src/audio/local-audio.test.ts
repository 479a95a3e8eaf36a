import { initializeLogger } from '@livekit/agents';
import { AudioFrame } from '@livekit/rtc-node';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

import { type AudioDevices, localAudio } from './local-audio.js';

const RATE = 24_000;

beforeAll(() => initializeLogger({ pretty: false, level: 'silent' }));
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

async function* silence(frames: number) {
  for (let at = 0; at < frames; at += 1) yield new Int16Array(512).fill(at);
}

function devices(microphone: AudioDevices['microphone'] = silence(0)) {
  const played: number[] = [];
  const clear = vi.fn();
  const speaker = {
    sampleRate: RATE,
    write: async (samples: Int16Array) => void played.push(samples.length),
    clear,
  };
  return { microphone, speaker, played, clear };
}

/** A sound of this many milliseconds. */
function sound(ms: number): AudioFrame {
  const samples = (RATE * ms) / 1_000;
  return new AudioFrame(new Int16Array(samples), RATE, 1, samples);
}

describe('a speaker', () => {
  function speak() {
    const given = devices();
    const { output } = localAudio(given);
    const ends: object[] = [];
    output.on('playbackFinished', (end: object) => ends.push(end));
    return { output, ends, ...given };
  }

  test('plays the speech of the agent, which ends when its duration has elapsed', async () => {
    const { output, ends, played } = speak();
    await output.captureFrame(sound(200));
    await output.captureFrame(sound(300));
    output.flush();
    expect(played).toEqual([4_800, 7_200]);
    vi.advanceTimersByTime(499);
    expect(ends).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(ends).toEqual([{ playbackPosition: 0.5, interrupted: false }]);
    await output.waitForPlayout();
  });

  test('is cleared when the agent is interrupted, and the played position is reported', async () => {
    const { output, ends, clear } = speak();
    await output.captureFrame(sound(500));
    vi.advanceTimersByTime(120);
    output.clearBuffer();
    expect(clear).toHaveBeenCalledOnce();
    expect(ends).toEqual([{ playbackPosition: 0.12, interrupted: true }]);
    output.flush();
    vi.runAllTimers();
    expect(ends).toHaveLength(1);
  });

  test('is cleared also when nothing is being played', () => {
    const { output, ends, clear } = speak();
    output.clearBuffer();
    expect(clear).toHaveBeenCalledOnce();
    expect(ends).toEqual([]);
  });

  test('plays one speech after the other', async () => {
    const { output, ends } = speak();
    await output.captureFrame(sound(500));
    output.flush();
    await output.captureFrame(sound(100));
    output.flush();
    vi.runAllTimers();
    expect(ends).toEqual([
      { playbackPosition: 0.5, interrupted: false },
      { playbackPosition: 0.1, interrupted: false },
    ]);
  });
});

describe('a microphone', () => {
  test('is read frame by frame until it ends', async () => {
    const { input } = localAudio(devices(silence(3)));
    const heard: [number | undefined, number, number][] = [];
    for await (const { data, sampleRate, channels } of input.stream)
      heard.push([data[0], sampleRate, channels]);
    expect(heard).toEqual([
      [0, 16_000, 1],
      [1, 16_000, 1],
      [2, 16_000, 1],
    ]);
  });

  test('is ignored while the session does not listen', async () => {
    const { input } = localAudio(devices(silence(3)));
    input.setAttached(false);
    const { done } = await input.stream.getReader().read();
    expect(done).toBe(true);
  });

  test('is closed when the input is cancelled', async () => {
    const ended = vi.fn();
    async function* endless() {
      try {
        for (;;) yield new Int16Array(512);
      } finally {
        ended();
      }
    }
    const { input } = localAudio(devices(endless()));
    const reader = input.stream.getReader();
    await reader.read();
    await reader.cancel();
    expect(ended).toHaveBeenCalledOnce();
  });
});
