import { expect, test } from 'vitest';

import { UsageError } from '../usage-error.js';
import { operateSettings, watchedByNobody } from './operate-settings.js';

const never = Number.POSITIVE_INFINITY;

test("start answers probes at the port of LiveKit's own worker, dev at any that is free", () => {
  expect(operateSettings('start', {}, {})).toEqual({ health: { port: 8_081 } });
  expect(operateSettings('dev', {}, {})).toMatchObject({ health: { port: 0 } });
});

test('what the code says stands, also that nothing shall listen', () => {
  expect(operateSettings('start', {}, { health: { port: 9_000 } })).toEqual({});
  expect(operateSettings('start', {}, { health: null })).toEqual({});
});

test('a flag changes what it is about, and no more of what the code says', () => {
  const health = { port: 9_000, host: '::', token: 'for-the-scraper' };
  expect(operateSettings('start', { port: 0 }, { health })).toEqual({
    health: { port: 0, host: '::', token: 'for-the-scraper' },
  });
  expect(operateSettings('start', { host: '0.0.0.0' }, { health: null })).toEqual({
    health: { port: 8_081, host: '0.0.0.0' },
  });
  const metrics = { jsonFile: 'now.json', keepFiles: 9 };
  const flags = { metricsJsonl: 'all.jsonl', metricsJsonlInterval: 5_000, port: 1 };
  expect(operateSettings('start', flags, { metrics })).toMatchObject({
    metrics: {
      jsonFile: 'now.json',
      keepFiles: 9,
      jsonlFile: 'all.jsonl',
      jsonlIntervalMs: 5_000,
    },
  });
});

test('an interval of no file is a mistake', () => {
  expect(() => operateSettings('start', { metricsJsonlInterval: 5_000 }, {})).toThrow(
    new UsageError('--metrics-jsonl-interval is about --metrics-jsonl: give that as well'),
  );
});

test('only start leaves it to the watchdog to kill the process', () => {
  const watchdog = { slowMs: 200, killMs: 3_000 };
  expect(operateSettings('dev', {}, { watchdog })).toMatchObject({
    watchdog: { slowMs: 200, killMs: never },
  });
  expect(operateSettings('dev', {}, {})).toMatchObject({ watchdog: { killMs: never } });
  expect(operateSettings('dev', {}, { watchdog: false })).not.toHaveProperty('watchdog');
  expect(operateSettings('start', {}, { watchdog })).not.toHaveProperty('watchdog');
});

test('one call at a terminal takes nothing from the worker of the same code', () => {
  const said = { health: { port: 8_081 }, metrics: { jsonFile: 'now.json' }, introspection: true };
  expect(watchedByNobody(said)).toEqual({
    health: null,
    metrics: null,
    watchdog: { killMs: never },
  });
});
