import {
  audioFramesFromFile,
  initializeLogger,
  loopAudioFramesFromFile,
  voice,
} from '@livekit/agents';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { LogBook } from '../base/log-book.js';
import { prepareSdk } from './patches.js';

let release: () => Promise<void>;
let folder: string;

beforeAll(async () => {
  initializeLogger({ pretty: false, level: 'silent' });
  release = prepareSdk(new LogBook());
  folder = await mkdtemp(path.join(tmpdir(), 'sound-files-'));
});

afterAll(async () => {
  await release();
  await rm(folder, { recursive: true, force: true });
});

// Each of them would block this process for ever, and with it the limit of this test.
test.each([
  ['is missing', undefined],
  ['is empty', ''],
  ['is no sound', 'Once upon a time'],
])('a looped sound file that %s is silence', async (_what, content) => {
  const file = path.join(folder, 'sound.ogg');
  await rm(file, { force: true });
  if (content !== undefined) await writeFile(file, content);
  const frames = loopAudioFramesFromFile(file);
  for (let count = 0; count < 10; count += 1) {
    const { done, value } = await frames.next();
    expect(done).toBe(false);
    expect(value?.data.every((sample) => sample === 0)).toBe(true);
  }
  await frames.return();
});

test('a sound file is played as it is', async () => {
  const file = voice.getBuiltinAudioPath(voice.BuiltinAudioClip.KEYBOARD_TYPING);
  let samples = 0;
  let loud = false;
  for await (const frame of audioFramesFromFile(file, { sampleRate: 16_000 })) {
    samples += frame.samplesPerChannel;
    loud ||= frame.data.some((sample) => sample !== 0);
  }
  expect(samples).toBeGreaterThan(16_000);
  expect(loud).toBe(true);
});

// Frames that came later were written to a closed stream, an unhandled rejection: Vitest reports it.
test.each([0, 1, 2])(
  'a decoder that is stopped after %i frames ends without an error',
  async (count) => {
    const file = voice.getBuiltinAudioPath(voice.BuiltinAudioClip.OFFICE_AMBIENCE);
    const stop = new AbortController();
    const reader = audioFramesFromFile(file, { abortSignal: stop.signal }).getReader();
    for (let at = 0; at < count; at += 1) await reader.read();
    stop.abort();
    while (!(await reader.read()).done);
  },
);
