import { expect, test } from 'vitest';

import { BadFrames, MAX_BAD_FRAMES_PER_MINUTE } from './bad-frames.js';

test('the maximum per minute is tolerated, and one more is not', () => {
  let now = 0;
  const frames = new BadFrames(() => now);
  for (let at = 0; at < MAX_BAD_FRAMES_PER_MINUTE; at += 1) {
    now += 1_000;
    expect(frames.add()).toBe(false);
  }
  expect(frames.add()).toBe(true);
});

test('one every few seconds is always tolerated', () => {
  let now = 0;
  const frames = new BadFrames(() => now);
  for (let at = 0; at < 1_000; at += 1) {
    now += 3_001;
    expect(frames.add()).toBe(false);
  }
});
