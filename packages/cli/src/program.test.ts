import { expect, test } from 'vitest';

import { memoryHost } from './memory-host.fixture.js';
import { flagOf, rowsOf, tableWithPool } from './options/table.js';
import { readCommandLine } from './program.js';
import { type Verb, verbNames } from './verbs/verb.js';

const MAX_HELP_WIDTH = 100;

function read(...args: string[]) {
  const host = memoryHost();
  const invocation = readCommandLine(args, host, { version: () => '1.2.3' });
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

test('a flag that begins with no is kept under its own name', () => {
  expect(read('dev', './agents', '--no-watch').invocation).toMatchObject({
    given: { noWatch: true },
  });
  expect(read('dev', './agents').invocation).toMatchObject({ given: {} });
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

// Words by which a text for another verb is known: its name is no English word there.
const about = (verb: Verb) =>
  new RegExp(
    `(?:\\bfor|\\bopenrtc|node main\\.js|;) ${verb}\\b|schemas/${verb}\\.|\\b${verb} (?:reads|prints|shows)\\b`,
  );

test.each(verbNames)('the help of %s has only texts of its own', (verb) => {
  const help = read(verb, '--help').out.replaceAll(/\s+/g, ' ');
  const others = verbNames.filter((other) => other !== verb && about(other).test(help));
  expect(others).toEqual([]);
  const flags = [...help.matchAll(/ (--[a-z-]+)/g)].map(([, flag]) => flag);
  const own = new Set([...rowsOf(verb).map(([name]) => flagOf(name)), '--help']);
  // An option may name another one of its verb.
  expect(flags.filter((flag) => flag !== undefined && !own.has(flag))).toEqual([]);
});

test.each<[Verb, string, string]>([
  ['logs', '--file <path>', 'log of a worker; without it, or with -, stdin is read'],
  ['logs', '--json', 'print the lines of the log as they are, as JSON'],
  ['tui', '--file <path>', 'metrics file of a worker (default: ./openrtc-metrics.jsonl)'],
  ['list', '--json', 'print JSON, see schemas/list.schema.json'],
  ['top', '--json', 'print JSON, see schemas/top.schema.json'],
  ['reload', '--json', 'print JSON, see schemas/reload.schema.json'],
  ['start', '--watch', 'reload the agents when their files change; implies'],
  ['tui', '--watch', 'keep showing the file as it grows'],
  ['dev', '--port <number>', '(default: 0, env: OPENRTC_PORT)'],
  ['start', '--port <number>', '(default: 8081, env: OPENRTC_PORT)'],
  ['console', '--log-level <level>', '(default: error, env: LIVEKIT_LOG_LEVEL)'],
])('the help of %s about %s: %s', (verb, flag, text) => {
  const help = read(verb, '--help').out.replaceAll(/\s+/g, ' ');
  const [, own = ''] = help.split(` ${flag} `);
  expect(own.split(' --')[0] + own.split(' --').slice(1, 2).join('')).toContain(text);
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
  const options = { version: () => '1', table: tableWithPool(), name: 'node main.js' };
  readCommandLine(['dev', '--help'], host, options);
  expect(host.out()).toMatch(/^Usage: node main\.js dev \[options\] \[metrics-jsonl\]$/m);
  expect(host.out()).not.toContain('--agents-dir');
});
