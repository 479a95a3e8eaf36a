import type { voice } from '@livekit/agents';
import { describe, expect, test } from 'vitest';

import {
  NOW,
  Talker,
  boom,
  hostile,
  raise,
  unreadable,
  ways,
  withAccident,
  withTool,
} from './contained-failures.fixture.js';
import { reach, rig, start, stillThere } from './contained-rig.fixture.js';

// Each is a row of "What ends a call, and what does not" in docs/flow.md, with a second call beside it.

/** An agent class with one method of its own. */
function having(method: string, value: (...args: never[]) => unknown): () => voice.Agent {
  return () => Object.defineProperty(new Talker(), method, { value, configurable: true });
}

/** Fails when the caller says NOW, and otherwise does what the SDK does. */
function inTurn(fail: () => unknown): () => voice.Agent {
  class InTurn extends Talker {
    override async llmNode(...args: Parameters<voice.Agent['llmNode']>) {
      const last = args[0].items.at(-1);
      if (last?.type === 'message' && last.textContent === NOW)
        return fail() as ReturnType<voice.Agent['llmNode']>;
      return super.llmNode(...args);
    }
  }
  return () => new InTurn();
}

const breakingStream = () =>
  new ReadableStream({
    start: (controller) => controller.error(new Error('boom')),
  });

const hookRows: [what: string, hook: string, agent: () => voice.Agent][] = [
  ['onEnter throws', 'onEnter', having('onEnter', boom)],
  ['onEnter rejects with undefined', 'onEnter', having('onEnter', () => Promise.reject(undefined))],
  [
    'onEnter throws what cannot be read',
    'onEnter',
    having('onEnter', () => Promise.reject(hostile)),
  ],
  ['llmNode throws', 'llmNode', inTurn(boom)],
  ['llmNode throws undefined', 'llmNode', inTurn(() => Promise.reject(undefined))],
  ['the stream of llmNode fails', 'llmNode', inTurn(breakingStream)],
];

describe.each(ways)('%s', (_where, from, byHandOff) => {
  test.each(hookRows)('%s: counted, and the call goes on', async (_what, hook, agent) => {
    const { pool, calm, faults } = await start(from(agent));
    const { call, greeting } = await reach(byHandOff);
    const waiting = hook === 'onEnter' ? greeting : greeting.then(() => call.say(NOW));
    await rig().log.until(`${hook} failed`);
    await stillThere(call, waiting);
    expect(await calm.say('and you?')).toBe('You said: and you?');
    expect(pool.runtimeSnapshot()).toMatchObject({ totalHookErrors: 1, totalToolErrors: 0 });
    expect(pool.runtimeSnapshot().sessions.map(({ faults: { hookErrors } }) => hookErrors)).toEqual(
      [0, 1],
    );
    call.hangUp();
    expect(await rig().ends.of(call.jobId)).toMatchObject({ reason: 'caller_left' });
    expect(faults.get(call.jobId)).toMatchObject({ hookErrors: 1, toolErrors: 0 });
  });

  test('a tool throws: counted, and the model gets the error', async () => {
    const { pool, calm, faults } = await start(from(() => withTool(boom)));
    const { call, greeting } = await reach(byHandOff);
    expect(await greeting).toBe('Here.');
    expect(await call.say(NOW)).toMatch(/error/);
    await stillThere(call);
    expect(await calm.say('and you?')).toBe('You said: and you?');
    expect(pool.runtimeSnapshot()).toMatchObject({ totalHookErrors: 0, totalToolErrors: 1 });
    call.hangUp();
    await rig().ends.of(call.jobId);
    expect(faults.get(call.jobId)).toMatchObject({ hookErrors: 0, toolErrors: 1 });
  });

  test.each([
    ['undefined', undefined],
    ['a string', 'boom'],
    ['what cannot be read', hostile],
    ['an error that cannot be read', unreadable()],
  ])('a tool throws %s: the SDK reports nothing, and the call goes on', async (_what, thrown) => {
    const { calm } = await start(from(() => withTool(() => Promise.reject(thrown))));
    const { call, greeting } = await reach(byHandOff);
    expect(await greeting).toBe('Here.');
    await stillThere(call, call.say(NOW));
    expect(await calm.say('and you?')).toBe('You said: and you?');
  });

  test.each<[string, () => void]>([
    ['a throw in a timer', () => void setTimeout(boom, 0)],
    ['undefined thrown in a timer', () => void setTimeout(() => raise(undefined), 0)],
    ['what cannot be read, thrown in a timer', () => void setTimeout(() => raise(hostile), 0)],
    ['a rejection', () => void Promise.reject(new Error('boom'))],
    ['a rejection with undefined', () => void Promise.reject(undefined)],
  ])('%s ends the call', async (_what, accident) => {
    const { calm } = await start(from(() => withAccident(accident)));
    const { call, greeting } = await reach(byHandOff);
    expect(await greeting).toBe('Here.');
    const reply = call.say(NOW).catch((error: unknown) => error);
    expect(await rig().ends.of(call.jobId)).toMatchObject({ error: { code: 'SESSION_UNCAUGHT' } });
    expect(await calm.say('and you?')).toBe('You said: and you?');
    await reply;
  });
});
