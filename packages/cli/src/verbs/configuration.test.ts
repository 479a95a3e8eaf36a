import { afterAll, beforeAll, expect, test } from 'vitest';

import { fixture, runCli } from '../cli-process.fixture.js';
import { TestFolder } from '../test-folder.fixture.js';
import { verbNames, verbs } from './verb.js';

const AGENTS = fixture('agents');
const KEYS = 'Missing LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET: set it in the environment';

let folder: TestFolder;
beforeAll(async () => {
  folder = await TestFolder.create();
});
afterAll(() => folder[Symbol.asyncDispose]());

test.each<[string, readonly string[]]>([
  ['start', []],
  ['dev', []],
  ['connect', ['--room', 'lobby']],
])('%s without keys says so, and opens nothing', async (verb, args) => {
  const { code, stdout, stderr } = await runCli([verb, AGENTS, ...args], {
    // Where its socket would be.
    env: { OPENRTC_RUNTIME_DIR: folder.path },
  });
  expect(code).toBe(2);
  expect(stderr).toContain(`openrtc: ${KEYS}, or pass --url, --api-key and --api-secret`);
  // No port was announced, and nothing else was logged.
  expect(stdout).toBe('support is loaded\n');
  expect(stderr.trim().split('\n')).toHaveLength(1);
});

test('all faults of a worker are named at once', async () => {
  const { code, stdout, stderr } = await runCli([
    'start',
    AGENTS,
    '--url',
    'ftp://livekit',
    '--sessions-per-process',
    '2',
    '--memory-limit-mb',
    '512',
    '--metrics-jsonl-interval',
    '5s',
    '--dashboard-refresh',
    '5s',
  ]);
  expect(stderr.split('\n')).toEqual([
    'openrtc: 6 things are wrong, and nothing was started:',
    '  --dashboard-refresh only works with --dashboard',
    '  --sessions-per-process only works with --isolation process',
    '  --memory-limit-mb only works with --isolation process',
    '  --metrics-jsonl-interval only works with --metrics-jsonl',
    expect.stringMatching(/^  Missing LIVEKIT_API_KEY, LIVEKIT_API_SECRET: set it in the/),
    expect.stringMatching(/^  LIVEKIT_URL has the scheme ftp: .* \[CONFIG_INVALID_URL\]$/),
    '',
  ]);
  expect(code).toBe(2);
  expect(stdout).toBe('support is loaded\n');
});

test.each<[string, readonly string[], readonly string[]]>([
  [
    'start',
    ['--port', 'many', '--isolation', 'threads', 'extra', 'one', 'two'],
    [
      '--port must be',
      '--isolation must be',
      'start takes --agents-dir and --metrics-jsonl once; remove "two"',
    ],
  ],
  ['connect', ['--log-level', 'loud'], ['--log-level must be', 'connect needs --room']],
  ['top', ['--sort', 'size', '--refresh', '1ms'], ['--sort must be', '--refresh must be']],
])('all faults in the command line of %s are named at once', async (verb, args, messages) => {
  const { code, stderr } = await runCli([verb, ...args]);
  expect(stderr).toContain(`${messages.length} things are wrong, and nothing was started:`);
  for (const message of messages) expect(stderr).toContain(`\n  ${message}`);
  expect(code).toBe(2);
});

test.each(verbNames.filter((verb) => verbs[verb].pool))(
  '%s without a path advises the same verb',
  async (verb) => {
    const room = verb === 'connect' ? ['--room', 'lobby'] : [];
    const { code, stderr } = await runCli([verb, ...room]);
    expect(stderr).toMatch(new RegExp(`which agents\\? .*: openrtc ${verb} \\./agents\n$`));
    expect(code).toBe(2);
  },
);

test('a blank default greeting means that there is no greeting', async () => {
  const { code, stdout } = await runCli([
    'list',
    fixture('javascript'),
    '--plain',
    '--default-greeting',
    '',
  ]);
  expect(stdout).toContain('greeting=-');
  expect(code).toBe(0);
});

test('--version names every package of a report, from any folder', async () => {
  const { code, stdout } = await runCli(['--version']);
  expect(stdout).toMatch(
    /^openrtc \S+.*\n@openrtc\/core \S+.*\n@livekit\/agents 1\.\S+\n@livekit\/rtc-node \S+\nnode \d/,
  );
  expect(code).toBe(0);
});
