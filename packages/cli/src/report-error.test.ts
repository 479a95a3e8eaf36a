import { OpenRtcError } from '@openrtc/core';
import { expect, test } from 'vitest';

import { memoryHost } from './memory-host.fixture.js';
import { reportError } from './report-error.js';
import { UsageError, UserCodeError } from './usage-error.js';

function report(error: unknown, env: NodeJS.ProcessEnv = {}, secrets: string[] = []) {
  const host = memoryHost(env);
  return { code: reportError(error, host, secrets), err: host.err() };
}

test('a usage error is one line and exit code 2', () => {
  expect(report(new UsageError('./agents does not exist'))).toEqual({
    code: 2,
    err: 'openrtc: ./agents does not exist\n',
  });
});

test.each([
  ['CONFIG_INVALID_OPTION', 2],
  ['PREWARM_FAILED', 2],
  ['LINK_UNAUTHORIZED', 2],
  ['POOL_UNHEALTHY', 1],
  ['POOL_TAINTED', 1],
  ['SESSION_JOIN_FAILED', 1],
  ['INTERNAL', 70],
] as const)('%s ends with %i', (code, expected) => {
  expect(report(new OpenRtcError(code, 'Why.'))).toEqual({
    code: expected,
    err: `openrtc: Why. [${code}]\n`,
  });
});

test("an error of the user's code outside of calls is exit code 1", () => {
  expect(report(new UserCodeError('the code after run() failed: Error: x\n    at y'))).toEqual({
    code: 1,
    err: 'openrtc: the code after run() failed: Error: x\n    at y\n',
  });
});

test('an unexpected error is printed with its stack', () => {
  const { code, err } = report(new TypeError('x is not a function'));
  expect(code).toBe(70);
  expect(err).toMatch(/^openrtc: unexpected: TypeError: x is not a function\n\s+at /);
});

test('any thrown value is reported', () => {
  expect(report(undefined).err).toBe('openrtc: unexpected: undefined\n');
});

test('secrets of the environment and of flags, and tokens, are removed', () => {
  const { err } = report(
    new UsageError('key-of-env-123 and secret-of-flag-1 and eyJhbGciOi.eyJpc3MiOiJ4.c2ln'),
    { OPENAI_API_KEY: 'key-of-env-123', HOME: '/root' },
    ['secret-of-flag-1'],
  );
  expect(err).toBe('openrtc: [secret] and [secret] and [token]\n');
});

test('control characters do not reach the terminal', () => {
  expect(report(new UsageError('no \u001B[2Jagent\u202E here')).err).toBe(
    'openrtc: no [2Jagent here\n',
  );
});
