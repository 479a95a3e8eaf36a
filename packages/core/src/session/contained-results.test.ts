import type { llm, voice } from '@livekit/agents';
import { expect, test } from 'vitest';

import { ToneTTS } from '../testing/providers/tone-tts.js';
import { NoSpeaker, Talker } from './contained-failures.fixture.js';
import { reach, rig, start, stillThere } from './contained-rig.fixture.js';

// What becomes of a turn when a node returns something that the SDK cannot read.

async function* generator() {
  yield 'hello';
}

function locked(): ReadableStream {
  const stream = ReadableStream.from(['hello']);
  stream.getReader();
  return stream;
}

const results: readonly [what: string, give: () => unknown][] = [
  ['an async generator', generator],
  ['a string', () => 'hello'],
  ['an array', () => ['hello']],
  ['a stream that is read already', locked],
];
const nodes = ['llmNode', 'transcriptionNode', 'ttsNode'] as const;
const rows = nodes.flatMap((node) => results.map(([what, give]) => [node, what, give] as const));

/** What the caller says to get the odd result. */
const ODDLY = 'say it oddly';

/** Its node gives this for the answer to {@link ODDLY}. It is not async: an async generator method is not an async method. */
function giving(node: (typeof nodes)[number], give: () => unknown): voice.Agent {
  const agent = new Talker({ id: 'odd', tts: new ToneTTS() });
  const usual = agent[node].bind(agent) as (...args: unknown[]) => unknown;
  const value = (...args: unknown[]) => {
    const chatCtx = node === 'llmNode' ? (args[0] as llm.ChatContext) : agent.session.history;
    const last = chatCtx.items.findLast((item) => item.type === 'message' && item.role === 'user');
    return last?.type === 'message' && last.textContent === ODDLY ? give() : usual(...args);
  };
  return Object.defineProperty(agent, node, { value, configurable: true, writable: true });
}

test.each(rows)('%s returns %s: counted, the turn ends, and the call goes on', async (...row) => {
  const [node, , give] = row;
  const { pool, calm } = await start(() => giving(node, give), {
    setup: (_ctx, session, { agent }) => {
      if (agent === 'faulty') session.output.audio = new NoSpeaker(24_000);
    },
  });
  const { call, greeting } = await reach();
  expect(await greeting).toBe('Here.');
  const lost = call.say(ODDLY);
  await rig().log.until(`${node} failed`);
  await stillThere(call, lost);
  expect(await calm.say('and you?')).toBe('You said: and you?');
  expect(pool.runtimeSnapshot().sessions.at(-1)).toMatchObject({
    status: 'active',
    faults: { hookErrors: 1, toolErrors: 0, providerErrors: 0 },
    turns: { asked: 2, answered: 1, unanswered: 1, lastUnanswered: 'hook_error' },
  });
  const errors = rig().log.lines.filter(
    ({ level, message }) => level === 'error' && / failed/.test(message),
  );
  expect(errors).toMatchObject([{ fields: { agentId: 'odd', hook: node } }]);
  expect(rig().log.matching('error', /uncaught|blamed/)).toEqual([]);
});
