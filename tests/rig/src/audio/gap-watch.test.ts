import { describe, expect, it } from 'vitest';
import { GapWatch } from './gap-watch.js';

const START = 1_000_000;

/** Feeds windows of 10 ms: `late` tells how late a window arrives, `loud` whether it has sound. */
function watch(
  count: number,
  {
    late = () => 0,
    loud = () => true,
  }: { late?: (i: number) => number; loud?: (i: number) => boolean } = {},
): GapWatch {
  const made = new GapWatch(START, 10);
  for (let i = 0; i < count; i++)
    made.push({ endedAtMs: START + (i + 1) * 10 + late(i), loud: loud(i) });
  return made;
}

describe('a gap watch', () => {
  it('finds nothing in continuous sound', () => {
    expect(watch(100).report(START + 1_000)).toEqual({
      longestGapMs: 0,
      gaps: [],
      heardMs: 1_000,
      missingMs: 0,
      watchedMs: 1_000,
    });
  });

  it('counts a run of silence', () => {
    const report = watch(100, { loud: (i) => i < 30 || i >= 52 }).report(START + 1_000);
    expect(report).toMatchObject({
      longestGapMs: 220,
      gaps: [{ atMs: START + 300, ms: 220 }],
      heardMs: 780,
      missingMs: 0,
    });
  });

  it('forgives frames that come late and are caught up with', () => {
    // A stall of 400 ms: what was sent meanwhile arrives at its end, all at once.
    const report = watch(100, { late: (i) => (i >= 20 && i < 60 ? (60 - i) * 10 : 0) }).report(
      START + 1_000,
    );
    expect(report).toMatchObject({ longestGapMs: 0, missingMs: 0, heardMs: 1_000 });
  });

  it('counts samples that never came', () => {
    const report = watch(70, { late: (i) => (i >= 40 ? 300 : 0) }).report(START + 1_000);
    expect(report).toMatchObject({
      longestGapMs: 300,
      gaps: [{ atMs: START + 400, ms: 300 }],
      missingMs: 300,
      heardMs: 700,
    });
  });

  it('adds missing samples to the silence beside them', () => {
    const report = watch(80, {
      late: (i) => (i >= 40 ? 200 : 0),
      loud: (i) => i < 35 || i >= 45,
    }).report(START + 1_000);
    expect(report.longestGapMs).toBe(300);
  });

  it('counts the time after the last frame, and all of it when there was none', () => {
    expect(watch(60).report(START + 1_000)).toMatchObject({ longestGapMs: 400, missingMs: 400 });
    expect(watch(0).report(START + 1_000)).toMatchObject({ longestGapMs: 1_000, heardMs: 0 });
  });

  it('leaves out what came after the stop', () => {
    expect(watch(100, { loud: (i) => i < 50 }).report(START + 500)).toMatchObject({
      longestGapMs: 0,
      heardMs: 500,
    });
  });
});
