import { expect, test } from 'vitest';

import { memoryHost } from './memory-host.fixture.js';
import { tableWithPool } from './options/table.js';
import { readCommandLine } from './program.js';
import { verbNames } from './verbs/verb.js';

const MAX_HELP_WIDTH = 100;

function read(...args: string[]) {
  const host = memoryHost();
  const invocation = readCommandLine(args, host, { version: '1.2.3' });
  return { invocation, out: host.out(), err: host.err() };
}

test('a verb is read with its flags and arguments', () => {
  const { invocation } = read('start', './agents', '--isolation', 'process', '--drain-timeout=90');
  expect(invocation).toEqual({
    kind: 'verb',
    verb: 'start',
    given: { isolation: 'process', drainTimeout: '90' },
    words: ['./agents'],
  });
});

test.each([[], ...verbNames.map((verb) => [verb])])(
  'the help of %s fits 100 columns',
  (...verb) => {
    const { invocation, out } = read(...verb, '--help');
    expect(invocation).toEqual({ kind: 'answered', exitCode: 0 });
    expect(out).toContain('Usage: openrtc');
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(MAX_HELP_WIDTH);
  },
);

test('the help names variables and defaults', () => {
  const help = read('start', '--help').out.replaceAll(/\s+/g, ' ');
  expect(help).toContain('(default: 50, env: OPENRTC_MAX_CONCURRENT_SESSIONS)');
});

test('the version is shown', () => {
  expect(read('--version')).toMatchObject({
    out: '1.2.3\n',
    invocation: { kind: 'answered', exitCode: 0 },
  });
});

test.each([
  { args: ['strat'], says: /unknown command 'strat'[^]*Did you mean start\?/ },
  { args: ['dev', '--agent-nam', 'x'], says: /unknown option '--agent-nam'[^]*--agent-name/ },
  { args: ['list', '--url', 'x'], says: /unknown option '--url'; it is an option of dev, start/ },
  { args: ['dev', '--url'], says: /option '--url <url>' argument missing/ },
])('$args is wrong: $says', ({ args, says }) => {
  const { invocation, err, out } = read(...args);
  expect(invocation).toEqual({ kind: 'answered', exitCode: 2 });
  expect(err).toMatch(says);
  expect(err).toMatch(/^openrtc: /);
  expect(out).toBe('');
});

test('without a verb the help is printed as an error', () => {
  const { invocation, err } = read();
  expect(invocation).toEqual({ kind: 'answered', exitCode: 2 });
  expect(err).toContain('Usage: openrtc');
});

test('with an existing pool there is no path to the agents', () => {
  const host = memoryHost();
  const options = { version: '1', table: tableWithPool(), name: 'node main.js' };
  readCommandLine(['dev', '--help'], host, options);
  expect(host.out()).toMatch(/^Usage: node main\.js dev \[options\] \[metrics-jsonl\]$/m);
  expect(host.out()).not.toContain('--agents-dir');
});
