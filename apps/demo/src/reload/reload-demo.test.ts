import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import { runDemo } from '../run-demo.fixture.js';

const agent = new URL('../agents/dentist.ts', import.meta.url);

test('one call hears each version of its agent, a save with a mistake changes nothing, and the own file is as it was', async () => {
  const before = readFileSync(agent, 'utf8');
  const { code, stdout, stderr } = await runDemo('--reload-demo');
  expect(stderr).toBe('');
  const lines = stdout.split('\n').map((line) => line.trim());
  expect(lines.slice(lines.indexOf('1  A caller asks.'))).toEqual([
    '1  A caller asks.',
    'dentist:  Dental practice Smile, good morning.',
    'caller:   What are your opening hours on Sunday?',
    'dentist:  On that day we are closed, but there is an emergency number.',
    '',
    '2  The file changes on disk. The same caller, in the same call, asks again.',
    expect.stringMatching(/^dentist\.ts, line \d+$/),
    "- Sunday: 'closed, but there is an emergency number',",
    "+ Sunday: 'open from ten to two',",
    expect.stringMatching(
      /^worker: {3}reload 1: agents\/dentist\.ts changed, agents have new code: dentist; calls: 1 /,
    ),
    'caller:   What are your opening hours on Sunday?',
    'dentist:  On that day we are open from ten to two.',
    '',
    '3  The chat is kept: the agent still knows how the call began.',
    'caller:   What did I ask first?',
    'dentist:  You first asked: What are your opening hours on Sunday?',
    '',
    '4  A save with a mistake: a quote is missing. Nothing changes, and the call goes on.',
    expect.stringMatching(/^dentist\.ts, line \d+$/),
    "- Sunday: 'open from ten to two',",
    "+ Sunday: 'open from ten to two,",
    expect.stringMatching(
      /^worker: {3}reload: nothing has changed: agents\/dentist\.ts:\d+:\d+: Unterminated string/,
    ),
    'caller:   What are your opening hours on Sunday?',
    'dentist:  On that day we are open from ten to two.',
    '',
    '5  The next good save is used.',
    expect.stringMatching(/^dentist\.ts, line \d+$/),
    "- Sunday: 'open from ten to two,",
    "+ Sunday: 'open from ten to four',",
    expect.stringMatching(
      /^worker: {3}reload 2: agents\/dentist\.ts changed, agents have new code: dentist; calls: 1 /,
    ),
    'caller:   What are your opening hours on Sunday?',
    'dentist:  On that day we are open from ten to four.',
    '',
    expect.stringContaining('All well: one call heard three versions of its agent'),
    '',
  ]);
  expect(code).toBe(0);
  expect(readFileSync(agent, 'utf8')).toBe(before);
  const copy = /(\S+dentist\.ts), a copy of/.exec(stdout)?.[1] ?? '';
  expect(copy).not.toBe('');
  expect(existsSync(copy)).toBe(false);
});
