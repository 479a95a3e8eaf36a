import { expect, test } from 'vitest';

import { checkOperateOptions, operateOptions } from './check-operate-options.js';
import { type OperateOptions } from '../operate/operate-options.js';

const chosen = (pool: unknown, run: unknown = {}) =>
  operateOptions(pool as OperateOptions, run as OperateOptions);
const invalid = (message: string) =>
  expect.objectContaining({
    code: 'CONFIG_INVALID_OPTION',
    message: expect.stringContaining(message),
  });

test('options of run() take precedence over those of the pool', () => {
  const pool = { health: { port: 1 }, introspection: false };
  expect(chosen(pool, { health: { port: 2 }, introspection: undefined })).toMatchObject({
    health: { port: 2 },
    introspection: false,
  });
  expect(chosen(pool, { health: null })).toMatchObject({ health: null });
});

test.each<[object, string]>([
  [{ health: 8081 }, 'health must be { port, host }, got a number'],
  [{ health: {} }, 'health.port must be a whole number from 0 to 65535, got undefined'],
  [{ health: { port: 65_536 } }, 'health.port must be a whole number from 0 to 65535, got 65536'],
  [{ health: { port: 1, hots: '::' } }, 'did you mean "host"'],
  [{ health: { port: 1, host: ' ' } }, 'health.host must be a string that is not blank'],
  [{ health: { port: 1, token: 5 } }, 'health.token must be a string that is not blank'],
  [{ metrics: 'metrics.jsonl' }, 'metrics: options must be an object, got a string'],
  [{ metrics: {} }, 'metrics needs one of jsonFile, jsonlFile'],
  [{ metrics: { jsonlFile: 'x', intervalMs: 100 } }, 'metrics.intervalMs must be a whole number'],
  [{ metrics: { jsonlFile: 'x', maxFileMb: 0 } }, 'metrics.maxFileMb must be a whole number'],
  [{ metrics: { jsonlFile: 'x', jsonFile: 'x' } }, 'are the same file'],
  [{ introspection: 'yes' }, 'introspection must be true or false, got a string'],
  [{ meter: {} }, 'meter must be a Meter of @opentelemetry/api'],
  [{ watchdog: true }, 'watchdog must be { slowMs, stuckMs, killMs } or false, got a boolean'],
  [{ watchdog: { slowMs: 5 } }, 'watchdog.slowMs must be a whole number from 50'],
])('%j: %s', (options, message) => {
  for (const where of ['AgentPool', 'run()']) {
    expect(() => checkOperateOptions(where, options)).toThrow(invalid(message));
    expect(() => checkOperateOptions(where, options)).toThrow(invalid(where));
  }
});

test('Infinity is valid for the watchdog', () => {
  const watchdog = { killMs: Number.POSITIVE_INFINITY };
  expect(chosen({ watchdog }).watchdog).toEqual(watchdog);
});
