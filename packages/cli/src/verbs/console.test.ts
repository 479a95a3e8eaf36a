import { expect, test } from 'vitest';

import { fixture, runCli } from '../cli-process.fixture.js';

const AGENTS = fixture('agents');

test('a script talks to an agent, line by line, without any key', async () => {
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

test('/quit hangs up, and nothing after it is said', async () => {
  const { code, stdout } = await runCli(['console', AGENTS], { input: 'one\n/quit\ntwo\n' });
  expect(stdout).toContain('agent: You said: one\n');
  expect(stdout).not.toContain('two');
  expect(code).toBe(0);
});

test('a pool of a module is talked to in this process, whatever it was made for', async () => {
  const { code, stdout } = await runCli(['console', fixture('pools/exports.ts')], {
    input: 'hi\n',
  });
  expect(stdout).toContain('agent: I am exported.\n');
  expect(stdout).toContain('agent: You said: hi\n');
  expect(code).toBe(0);
});

test('explicit dispatch does not matter to it', async () => {
  const { code, stdout } = await runCli(['console', AGENTS, '--agent', 'support'], {
    input: 'hi\n',
    env: { LIVEKIT_AGENT_NAME: 'production' },
  });
  expect(stdout).toContain('agent: You said: hi\n');
  expect(code).toBe(0);
});

test('an agent that is not there is named, with the nearest one that is', async () => {
  const { code, stderr } = await runCli(['console', AGENTS, '--agent', 'suport']);
  expect(stderr).toContain('did you mean "support"?');
  expect(code).toBe(2);
});
