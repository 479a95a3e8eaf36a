import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';

import { fixture, runCli, startCli } from '../cli-process.fixture.js';

const AGENTS = fixture('agents');

test('a script talks to an agent, line by line, without keys', async () => {
  const { code, stdout } = await runCli(['console', AGENTS, '--agent', 'restaurant'], {
    input: 'hello\n\nand again\n',
  });
  expect(stdout.split('\n')).toEqual(
    expect.arrayContaining([
      'agent: Today: soup.',
      'agent: You said: hello',
      'agent: You said: and again',
    ]),
  );
  expect(code).toBe(0);
});

test('/quit hangs up, and lines after it are not sent', async () => {
  const { code, stdout } = await runCli(['console', AGENTS], { input: 'one\n/quit\ntwo\n' });
  expect(stdout).toContain('agent: You said: one\n');
  expect(stdout).not.toContain('two');
  expect(code).toBe(0);
});

test('the pool of a module runs its call in this process, whatever its options', async () => {
  const { code, stdout } = await runCli(['console', fixture('pools/exports.ts')], {
    input: 'hi\n',
  });
  expect(stdout).toContain('agent: I am exported.\n');
  expect(stdout).toContain('agent: You said: hi\n');
  expect(code).toBe(0);
});

test('explicit dispatch does not matter', async () => {
  const { code, stdout } = await runCli(['console', AGENTS, '--agent', 'support'], {
    input: 'hi\n',
    env: { LIVEKIT_AGENT_NAME: 'production' },
  });
  expect(stdout).toContain('agent: You said: hi\n');
  expect(code).toBe(0);
});

test('with --voice it hears the microphone and speaks', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'openrtc-voice-'));
  const played = join(folder, 'played.raw');
  const { child, ended } = startCli(['console', fixture('voice'), '--voice'], {
    env: {
      PATH: `${fixture('voice-bin')}${delimiter}${process.env['PATH']}`,
      OPENRTC_TEST_PLAYED: played,
    },
  });
  try {
    await new Promise<void>((resolve, reject) => {
      let heard = '';
      child.stdout?.on('data', (text: string) => {
        heard += text;
        if (heard.includes('you: it is broken\nagent: You said: it is broken\n')) resolve();
      });
      void ended.then(({ stderr }) => reject(new Error(`it ended: ${stderr}`)));
    });
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
    // Two words and five, at 24 kHz: at least the reply that was not interrupted.
    expect((await stat(played)).size).toBeGreaterThan(24_000 * 2 * 0.3);
  } finally {
    child.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true });
  }
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s hangs up', async (signal) => {
  const { child, ended, says } = startCli(['console', AGENTS, '--agent', 'restaurant'], {
    input: null,
  });
  await says(/^agent: Today: soup\.$/m);
  child.kill(signal);
  expect(await ended).toMatchObject({ code: 0, stderr: '' });
});

test('--voice without the programs it needs names them', async () => {
  const { code, stderr } = await runCli(['console', fixture('voice'), '--voice'], {
    env: { PATH: '' },
  });
  expect(stderr).toContain('--voice needs arecord and aplay');
  expect(code).toBe(2);
});

test('an unknown agent is an error that suggests the nearest one', async () => {
  const { code, stderr } = await runCli(['console', AGENTS, '--agent', 'suport']);
  expect(stderr).toContain('did you mean "support"?');
  expect(code).toBe(2);
});
