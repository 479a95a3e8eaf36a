import {
  audioFramesFromFile,
  initializeLogger,
  loopAudioFramesFromFile,
  voice,
} from '@livekit/agents';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TransformStream, WritableStreamDefaultWriter } from 'node:stream/web';
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

// Frames that were written and not read were rejected with the stream, an unhandled rejection: Vitest reports it.
test.each([
  ['is stopped after the first frame', 1, false],
  ['is stopped after some frames', 3, false],
  ['is stopped, and then aborted', 2, true],
])('a sound that %s ends without an error', async (_what, count, aborts) => {
  const file = voice.getBuiltinAudioPath(voice.BuiltinAudioClip.KEYBOARD_TYPING);
  for (const play of [audioFramesFromFile, loopAudioFramesFromFile]) {
    const stop = new AbortController();
    let at = 0;
    for await (const frame of play(file, { abortSignal: stop.signal })) {
      expect(frame.samplesPerChannel).toBeGreaterThan(0);
      at += 1;
      if (at === count) break;
    }
    if (aborts) stop.abort();
  }
  await expect
    .poll(() => process.getActiveResourcesInfo(), { timeout: 10_000 })
    .not.toContain('ProcessWrap');
});

test('only the writer of the frames forgives', async () => {
  const write = () =>
    Object.getOwnPropertyDescriptor(WritableStreamDefaultWriter.prototype, 'write')
      ?.value as unknown;
  const before = write();
  const file = voice.getBuiltinAudioPath(voice.BuiltinAudioClip.KEYBOARD_TYPING);
  for await (const _frame of audioFramesFromFile(file)) break;
  expect(write()).toBe(before);
  const { readable, writable } = new TransformStream<string>();
  await readable.cancel('not wanted');
  await expect(writable.getWriter().write('late')).rejects.toBe('not wanted');
});
