import { expect, it } from 'vitest';
import { tone } from './tone.js';
import { ToneDetector } from './tone-detector.js';

it.each([110, 220, 440, 450, 880, 1_760])('recognises %i Hz', (hz) => {
  const detector = new ToneDetector();
  detector.push(tone(hz, 1_000));
  expect(detector.tones()[0]).toEqual({ hz, ms: 1_000 });
  expect(detector.tones()).toHaveLength(1);
});

it('reports two tones that sound at once', () => {
  const other = tone(660, 1_000, 0.2);
  const detector = new ToneDetector();
  detector.push(tone(440, 1_000).map((sample, i) => sample + (other[i] ?? 0)));
  expect(detector.tones().map(({ hz }) => hz)).toEqual([440, 660]);
});

it('does not take part of a block after a cut for a tone', () => {
  const detector = new ToneDetector();
  detector.push(tone(440, 60));
  detector.cut();
  detector.push(tone(880, 60));
  expect(detector.tones()).toEqual([]);
});
