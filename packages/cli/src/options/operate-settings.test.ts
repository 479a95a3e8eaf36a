import type { OperateOptions } from '@openrtc/core';
import { expect, test } from 'vitest';

import { UsageError } from '../usage-error.js';
import { operateSettings, singleCallSettings } from './operate-settings.js';

const never = Number.POSITIVE_INFINITY;

test("start answers probes at the port of LiveKit's own worker, dev at any free port", () => {
  expect(operateSettings('start', {}, {})).toEqual({ health: { port: 8_081 } });
  expect(operateSettings('dev', {}, {})).toMatchObject({ health: { port: 0 } });
});

test('options in the code are kept, also that nothing listens', () => {
  expect(operateSettings('start', {}, { health: { port: 9_000 } })).toEqual({});
  expect(operateSettings('start', {}, { health: null })).toEqual({});
});

test('a flag changes its own key and no other option in the code', () => {
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

test('the flags of the audit add sinks to those in the code', () => {
  const mine = () => {};
  const flags = { auditFile: 'audit.jsonl', auditUrl: 'https://logs.example.com' };
  const added = [{ file: 'audit.jsonl' }, { url: 'https://logs.example.com' }];
  const settings = (audit?: OperateOptions['audit'], more = {}) =>
    operateSettings('start', { ...flags, ...more }, { health: null, ...(audit && { audit }) });
  expect(settings()).toEqual({ audit: { sink: added } });
  expect(settings({ sink: mine })).toEqual({ audit: { sink: [mine, ...added] } });
  expect(settings({ sink: [mine, { file: 'other' }] }, { auditFsync: true })).toEqual({
    audit: { sink: [mine, { file: 'other' }, { file: 'audit.jsonl', fsync: true }, added[1]] },
  });
  expect(operateSettings('start', {}, { health: null, audit: { sink: mine } })).toEqual({});
});

test('an interval without a file is an error', () => {
  expect(() => operateSettings('start', { metricsJsonlInterval: 5_000 }, {})).toThrow(
    new UsageError('--metrics-jsonl-interval only works with --metrics-jsonl'),
  );
});

test('only with start may the watchdog kill the process', () => {
  const watchdog = { slowMs: 200, killMs: 3_000 };
  expect(operateSettings('dev', {}, { watchdog })).toMatchObject({
    watchdog: { slowMs: 200, killMs: never },
  });
  expect(operateSettings('dev', {}, {})).toMatchObject({ watchdog: { killMs: never } });
  expect(operateSettings('dev', {}, { watchdog: false })).not.toHaveProperty('watchdog');
  expect(operateSettings('start', {}, { watchdog })).not.toHaveProperty('watchdog');
});

test('a single call in a terminal leaves the port and the files to the worker', () => {
  const fromCode = {
    health: { port: 8_081 },
    metrics: { jsonFile: 'now.json' },
    introspection: true,
  };
  expect(singleCallSettings(fromCode)).toEqual({
    health: null,
    metrics: null,
    audit: null,
    watchdog: { killMs: never },
  });
});
