import { expect, onTestFinished, test, vi } from 'vitest';

import type { MemoryReading } from './cgroup-memory.js';
import { MemoryMeter } from './memory-meter.js';

const MIB = 1_048_576;
const GIB = 1_024 * MIB;
const own = () => ({ residentBytes: 100 * MIB, privateBytes: 60 * MIB });
const reading = (limitMb: number, usedMb: number, source: MemoryReading['source']) => ({
  limitBytes: limitMb * MIB,
  usedBytes: usedMb * MIB,
  source,
});
const group = reading(256, 120, 'cgroup');

test.each<[string, MemoryReading | undefined, number | undefined, number | undefined, unknown]>([
  ['no limit at all', undefined, undefined, undefined, undefined],
  ['a control group', group, undefined, undefined, group],
  ['the option alone', undefined, 512, undefined, reading(512, 100, 'option')],
  ['the option leaves less', group, 200, undefined, reading(200, 100, 'option')],
  ['the control group leaves less', group, 512, undefined, group],
  ['a limit that only Node knows', undefined, undefined, 300 * MIB, reading(300, 100, 'system')],
  ['Node reports 0 for no limit', undefined, undefined, 0, undefined],
  ['Node reports a huge number for no limit', undefined, undefined, 2 ** 64, undefined],
  ['Node reports the memory of the machine', undefined, undefined, 8 * GIB, undefined],
])('%s', (_name, cgroup, maxMemoryMb, constrainedBytes, expected) => {
  const meter = new MemoryMeter({
    maxMemoryMb,
    cgroup: { read: () => cgroup },
    own,
    constrainedBytes: constrainedBytes ?? 0,
    machineBytes: 8 * GIB,
  });
  expect(meter.read()).toEqual(expected);
});

test('this machine can be measured, with any limit or none', () => {
  expect(new MemoryMeter({ maxMemoryMb: 128 }).read()?.limitBytes).toBeGreaterThan(0);
});

test('the processes are measured at most four times a second, unless it must be now', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const measure = vi.fn(own);
  const meter = new MemoryMeter({ maxMemoryMb: 128, own: measure });
  meter.own();
  vi.advanceTimersByTime(250);
  meter.own();
  expect(measure).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1);
  meter.own();
  expect(measure).toHaveBeenCalledTimes(2);
  meter.own(true);
  expect(measure).toHaveBeenCalledTimes(3);
});
