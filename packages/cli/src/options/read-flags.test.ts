import { expect, test } from 'vitest';

import { UsageError } from '../usage-error.js';
import { text, wholeNumber } from './option-row.js';
import { readFlags } from './read-flags.js';
import { tableWithPool } from './table.js';

const says = (message: string | RegExp) =>
  expect.objectContaining({ name: 'UsageError', message: expect.stringMatching(message) });

test('a flag overrides its variable, and without both the option is absent', () => {
  const env = { OPENRTC_MAX_CONCURRENT_SESSIONS: '5' };
  expect(readFlags('start', { maxConcurrentSessions: '9' }, ['a'], env)).toEqual({
    agentsDir: 'a',
    maxConcurrentSessions: 9,
  });
  expect(readFlags('start', {}, ['a'], env)).toMatchObject({ maxConcurrentSessions: 5 });
  expect(readFlags('start', {}, ['a'], {})).toEqual({ agentsDir: 'a' });
});

test('a blank variable counts as not set', () => {
  expect(readFlags('start', {}, ['a'], { OPENRTC_ISOLATION: ' ' })).toEqual({ agentsDir: 'a' });
});

test('a bad value is reported with its flag or variable', () => {
  const flag = { maxConcurrentSessions: 'many' };
  expect(() => readFlags('start', flag, ['a'], {})).toThrow(
    says('--max-concurrent-sessions must be a whole number from 1 to 100000, not "many"'),
  );
  expect(() => readFlags('start', {}, ['a'], { OPENRTC_ISOLATION: 'threads' })).toThrow(
    says('OPENRTC_ISOLATION must be one of coroutine, process, not "threads"'),
  );
});

test('a bad variable does not matter when a flag overrides it', () => {
  const env = { OPENRTC_ISOLATION: 'threads' };
  expect(readFlags('start', { isolation: 'process' }, ['a'], env)).toMatchObject({
    isolation: 'process',
  });
});

test('variables of core are left to core, where options in the code override them', () => {
  const env = { LIVEKIT_URL: 'wss://x', LIVEKIT_API_SECRET: 's', LIVEKIT_AGENT_NAME: 'n' };
  expect(readFlags('start', {}, ['a'], env)).toEqual({ agentsDir: 'a' });
});

test('variables of options that a verb does not have are ignored', () => {
  expect(readFlags('list', {}, ['a'], { OPENRTC_ISOLATION: 'threads' })).toEqual({
    agentsDir: 'a',
  });
});

test('the error about a secret does not contain it', () => {
  const call = () => readFlags('start', { apiSecret: ' ' }, ['a'], {});
  expect(call).toThrow(UsageError);
  expect(call).toThrow(says(/^--api-secret must be a text that is not blank$/));
});

test('a missing required option is an error', () => {
  expect(() => readFlags('connect', {}, ['a'], {})).toThrow(says('connect needs --room <name>'));
});

test('an extra argument is an error, also when the flag was given', () => {
  expect(() => readFlags('list', {}, ['a', 'b'], {})).toThrow(says('remove "b"'));
  expect(() => readFlags('list', { agentsDir: 'a' }, ['b'], {})).toThrow(says('remove "b"'));
  expect(() => readFlags('start', {}, ['a', 'b', 'c'], {})).toThrow(
    says('start takes --agents-dir and --metrics-jsonl once; remove "c"'),
  );
});

test('the second argument of a worker is its metrics file', () => {
  const both = { agentsDir: './agents', metricsJsonl: './metrics.jsonl' };
  expect(readFlags('dev', {}, ['./agents', './metrics.jsonl'], {})).toEqual(both);
  expect(readFlags('dev', { agentsDir: './agents' }, ['./metrics.jsonl'], {})).toEqual(both);
  // With an existing pool it is the only argument.
  expect(readFlags('dev', {}, ['./metrics.jsonl'], {}, tableWithPool())).toEqual({
    metricsJsonl: './metrics.jsonl',
  });
});

test('a variable can switch off an option that a flag switches on', () => {
  const env = { OPENRTC_DASHBOARD: 'false' };
  expect(readFlags('dev', {}, ['a'], env)).toMatchObject({ dashboard: false });
  expect(readFlags('dev', { dashboard: true }, ['a'], env)).toMatchObject({ dashboard: true });
});

test('options with a position can be given without their flag', () => {
  const table = {
    agents: { takes: '<path>', read: text, help: '', verbs: ['dev'], position: 1 },
    file: { takes: '<path>', read: text, help: '', verbs: ['dev'], position: 2 },
    every: { takes: '<number>', read: wholeNumber(1, 9), help: '', verbs: ['dev'] },
  } as const;
  const words = ['./agents', './metrics.jsonl'];
  expect(readFlags('dev', { every: '3' }, words, {}, table)).toEqual({
    agents: './agents',
    file: './metrics.jsonl',
    every: 3,
  });
  expect(readFlags('dev', { agents: './agents' }, ['./metrics.jsonl'], {}, table)).toEqual({
    agents: './agents',
    file: './metrics.jsonl',
  });
});

test('an option that takes many values takes all arguments, or those of its flags', () => {
  expect(readFlags('usage', {}, ['a', 'b', 'c'], {})).toEqual({ files: ['a', 'b', 'c'] });
  expect(readFlags('usage', { files: ['a', 'b'] }, [], {})).toEqual({ files: ['a', 'b'] });
  expect(() => readFlags('usage', {}, ['a', ' '], {})).toThrow(
    says('--files must be a text that is not blank'),
  );
  expect(() => readFlags('usage', { files: ['a'] }, ['b'], {})).toThrow(says('remove "b"'));
});
