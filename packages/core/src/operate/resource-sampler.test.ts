import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { ProcessUsage } from '../launch/isolation-strategy.js';
import { LogBook } from '../base/log-book.js';
import { ResourceSampler } from './resource-sampler.js';

const MIB = 1_048_576;
let processes: ProcessUsage[];
let looks: number;
let log: LogBook;

const child = (pid: number, jobIds: string[], cpuMs: number): ProcessUsage => ({
  pid,
  jobIds,
  state: 'ready',
  memoryBytes: 100 * MIB,
  cpuMs,
});

const sampler = (jobIds: string[]) =>
  new ResourceSampler({
    jobIds: () => jobIds,
    processes: async () => {
      looks += 1;
      return processes;
    },
    logger: log,
  });

beforeEach(() => {
  processes = [];
  looks = 0;
  log = new LogBook();
  vi.useFakeTimers({ toFake: ['performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

test('a call that is alone in its process has the figures of the process', async () => {
  processes = [child(10, ['AJ_1'], 1_000)];
  const resources = sampler(['AJ_1']);
  expect(resources.of('AJ_1')).toBeNull();
  await resources.sample();
  expect(resources.of('AJ_1')).toEqual({
    pid: 10,
    memoryBytes: 100 * MIB,
    cpuPercent: null,
    basis: 'own',
  });
  processes = [child(10, ['AJ_1'], 1_250)];
  vi.advanceTimersByTime(1_000);
  await resources.sample();
  expect(resources.of('AJ_1')).toMatchObject({ cpuPercent: 25 });
});

test('calls that share a process get equal shares, marked as such', async () => {
  processes = [child(10, ['AJ_1', 'AJ_2'], 1_000)];
  const resources = sampler(['AJ_1', 'AJ_2']);
  await resources.sample();
  vi.advanceTimersByTime(2_000);
  processes = [child(10, ['AJ_1', 'AJ_2'], 2_000)];
  await resources.sample();
  for (const jobId of ['AJ_1', 'AJ_2'])
    expect(resources.of(jobId)).toEqual({
      pid: 10,
      memoryBytes: 50 * MIB,
      cpuPercent: 25,
      basis: 'shared',
    });
});

test('a call in no other process runs in this one, whose figures are marked as shared', async () => {
  const resources = sampler(['AJ_1']);
  await resources.sample();
  expect(resources.of('AJ_1')).toMatchObject({ pid: process.pid, basis: 'shared' });
});

test('more frequent requests get the last figures', async () => {
  const resources = sampler([]);
  await Promise.all([resources.sample(), resources.sample()]);
  await resources.sample();
  expect(looks).toBe(1);
  vi.advanceTimersByTime(1_000);
  await resources.sample();
  expect(looks).toBe(2);
});

test('a strategy that fails to measure its processes is logged, and nothing else changes', async () => {
  const resources = new ResourceSampler({
    jobIds: () => ['AJ_1'],
    processes: () => Promise.reject(new Error('boom')),
    logger: log,
  });
  await resources.sample();
  expect(log.matching('warn', /could not be measured/)).toHaveLength(1);
  expect(resources.of('AJ_1')).toBeNull();
});

test('a strategy that never answers is not waited for', async () => {
  vi.useRealTimers();
  vi.useFakeTimers();
  const resources = new ResourceSampler({
    jobIds: () => ['AJ_1'],
    processes: () => new Promise(() => {}),
    logger: log,
  });
  const asked = [resources.sample(), resources.sample()];
  await vi.runAllTimersAsync();
  await Promise.all(asked);
  expect(resources.of('AJ_1')).toBeNull();
});

test('a finished call is removed with the next measurement', async () => {
  processes = [child(10, ['AJ_1'], 1_000)];
  const resources = sampler(['AJ_1']);
  await resources.sample();
  processes = [];
  vi.advanceTimersByTime(1_000);
  await resources.sample();
  // It stays live until the pool ends it; then nothing asks for it.
  expect(resources.of('AJ_1')).toMatchObject({ pid: process.pid });
  expect(resources.processes).toEqual([]);
});
