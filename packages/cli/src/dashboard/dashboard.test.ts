import { AgentPool } from '@openrtc/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { WorkerContext } from '../companion.js';
import type { HostOutput } from '../host.js';
import { memoryHost } from '../memory-host.fixture.js';
import { dashboard, openDashboard } from './dashboard.js';

const pool = new AgentPool();
const snapshot = () => pool.runtimeSnapshot();

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function terminal(env: NodeJS.ProcessEnv = {}) {
  const host = memoryHost(env);
  const facts = { isTTY: true, rows: 24, columns: 80 };
  return { ...host, stderr: Object.assign(host.stderr, facts) as HostOutput };
}

test('without a terminal it writes a line each time', async () => {
  const host = memoryHost();
  const open = openDashboard(snapshot, host, 500);
  expect(host.err()).toBe('');
  vi.advanceTimersByTime(1_000);
  await open[Symbol.asyncDispose]();
  vi.advanceTimersByTime(1_000);
  expect(host.err()).toMatch(/^(?:openrtc: idle \(starting\), 0 of 50 calls; .*\n){2}$/);
  expect(host.err()).not.toContain('\u001B');
});

test('on a terminal it appears at once and is removed at the end', async () => {
  const host = terminal();
  const open = openDashboard(snapshot, host);
  expect(host.err()).toContain('openrtc idle (starting)');
  const drawn = host.err().length;
  await open[Symbol.asyncDispose]();
  // All rows scroll again.
  expect(host.err().slice(drawn)).toContain('\u001B[r');
});

test('a dumb terminal gets lines', async () => {
  const host = terminal({ TERM: 'dumb' });
  const open = openDashboard(snapshot, host, 500);
  vi.advanceTimersByTime(500);
  await open[Symbol.asyncDispose]();
  expect(host.err()).toMatch(/^openrtc: idle .*\n$/);
});

test('the terminal is restored however the process ends', async () => {
  const listeners = process.listenerCount('exit');
  const host = terminal();
  const open = openDashboard(snapshot, host);
  expect(process.listenerCount('exit')).toBe(listeners + 1);
  await open[Symbol.asyncDispose]();
  expect(process.listenerCount('exit')).toBe(listeners);
});

test('it is opened on request', async () => {
  const worker = { pool, host: memoryHost(), verb: 'start' } as unknown as WorkerContext;
  expect(await dashboard.open({ ...worker, flags: {} })).toBeUndefined();
  expect(await dashboard.open({ ...worker, flags: { dashboard: false } })).toBeUndefined();
});
