import { type llm, voice } from '@livekit/agents';
import { expect, test } from 'vitest';

import type { SessionTurn } from '../call/session-turn.js';
import type { AgentPoolOptions } from '../options/pool-options.js';
import { cloning } from '../testing/cloning-isolation.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import { NOW, Talker, boom, handingOver, withTool } from './contained-failures.fixture.js';
import { reach, rig, start } from './contained-rig.fixture.js';
import { EchoRealtime } from './echo-realtime.fixture.js';

// Turns as a real session of the SDK has them. `watch/turn-tracker.test.ts` has every order of events.

/** The steps of the turns of the faulty agent's calls, in their order. */
function turnsOf(): { readonly seen: string[]; readonly pool: AgentPoolOptions } {
  const seen: string[] = [];
  const onTurn = ({ agent }: { agent: string }, turn: SessionTurn) => {
    if (agent === 'faulty') seen.push(turn.state === 'unanswered' ? turn.reason : turn.state);
  };
  return { seen, pool: { observers: [rig().ends, { onTurn }] } };
}

const silent = () => new Talker({ llm: new EchoLLM({ reply: () => '' }) });
const thinking = () => new Talker({ llm: new EchoLLM({ tokenDelayMs: 60_000 }) });
const llmNodeThrows = () =>
  Object.defineProperty(new Talker(), 'llmNode', { value: boom, configurable: true });

const answered: [what: string, agent: () => voice.Agent][] = [
  ['the agent answers', () => new Talker()],
  ['a tool is called first', () => withTool(() => 'done')],
  ['a tool fails, and the model says so', () => withTool(boom)],
  ['a tool hands the call to another agent, which greets', () => handingOver(() => new Talker())],
  ['a realtime model answers', () => new Talker({ llm: new EchoRealtime() })],
];

test.each(answered)('%s: the turn is answered', async (_what, agent) => {
  const { seen, pool } = turnsOf();
  await start(agent, pool);
  const call = await rig().livekit.call({ metadata: { agent: 'faulty' } });
  await call.type(NOW);
  await expect.poll(() => seen).toContain('answered');
  call.hangUp();
  const { turns } = await rig().ends.of(call.jobId);
  expect(seen).toEqual(['asked', 'answered']);
  expect(turns).toEqual({
    asked: 1,
    answered: 1,
    interrupted: 0,
    unanswered: 0,
    lastUnanswered: null,
  });
});

test.each([
  ['the model gives no words', silent, 'no_reply'],
  ['a node of the agent throws', llmNodeThrows, 'hook_error'],
  ['the caller hangs up first', thinking, 'call_ended'],
] as const)('%s: the turn is not answered, and the log says it', async (_what, agent, reason) => {
  const { seen, pool } = turnsOf();
  let replied = 0;
  const setup: AgentPoolOptions['setup'] = (_ctx, session, info) => {
    if (info.agent !== 'faulty') return;
    session.on(voice.AgentSessionEventTypes.SpeechCreated, ({ speechHandle }) =>
      speechHandle.addDoneCallback(() => (replied += 1)),
    );
  };
  await start(agent, { ...pool, setup });
  const { call, greeting } = await reach();
  expect(await greeting).toBe('Here.');
  await call.type(NOW);
  // The greeting, and the reply.
  if (reason !== 'call_ended') await expect.poll(() => replied).toBe(2);
  // Only when the caller speaks again is it known that nothing follows.
  if (reason === 'no_reply') await call.type('hello?');
  if (reason !== 'call_ended') await expect.poll(() => seen).toContain(reason);
  call.hangUp();
  const { status, turns } = await rig().ends.of(call.jobId);
  expect(seen.slice(0, 2)).toEqual(['asked', reason]);
  expect(status).toBe('success');
  expect(turns).toMatchObject({ answered: 0, interrupted: 0 });
  expect(turns.unanswered).toBe(turns.asked);
  await rig().log.until('the caller got no answer in it');
});

test('the caller types and hangs up at once: the call does not wait for the answer', async () => {
  const { seen, pool } = turnsOf();
  await start(thinking, pool);
  const { call, greeting } = await reach();
  await greeting;
  await call.type(NOW);
  call.hangUp();
  const { reason } = await rig().ends.of(call.jobId);
  expect(reason).toBe('caller_left');
  expect(rig().log.matching('warn', /closing the session took too long/)).toEqual([]);
  expect(seen.filter((state) => state === 'answered')).toEqual([]);
});

test('a greeting and other speech of the agent are not turns', async () => {
  const { seen, pool } = turnsOf();
  await start(() => new Talker(), pool);
  const { call, greeting } = await reach();
  await greeting;
  call.hangUp();
  const { turns } = await rig().ends.of(call.jobId);
  expect(turns.asked).toBe(0);
  expect(seen).toEqual([]);
});

test('an isolated session reports them as well, in their order', async () => {
  const { seen, pool } = turnsOf();
  await start(() => new Talker(), { ...pool, isolation: cloning() });
  const { call, greeting } = await reach();
  await greeting;
  for (const words of ['one', 'two']) expect(await call.say(words)).toBe(`You said: ${words}`);
  await expect.poll(() => seen).toEqual(['asked', 'answered', 'asked', 'answered']);
});

test('the first token of the model is timed', async () => {
  const times: unknown[] = [];
  await start(() => new Talker(), {
    observers: [
      rig().ends,
      {
        onTurn: ({ agent }, turn) => {
          if (agent === 'faulty' && turn.state === 'answered') times.push(turn.firstTokenMs);
        },
      },
    ],
  });
  const { call, greeting } = await reach();
  await greeting;
  await call.say('hello');
  await expect.poll(() => times).toEqual([expect.any(Number)]);
});

test('a model that answers after an interruption: both turns are seen', async () => {
  const { seen, pool } = turnsOf();
  await start(() => new Talker({ llm: new SlowOnce() }), pool);
  const { call, greeting } = await reach();
  await greeting;
  await call.type(NOW);
  await expect.poll(() => seen).toEqual(['asked']);
  await call.type('again');
  await expect.poll(() => seen).toEqual(['asked', 'interrupted', 'asked', 'answered']);
});

/** Does not answer {@link NOW}, and echoes everything else. */
class SlowOnce extends EchoLLM {
  override chat(options: Parameters<EchoLLM['chat']>[0]): llm.LLMStream {
    const last = options.chatCtx.items.at(-1);
    const slow = last?.type === 'message' && last.textContent === NOW;
    return (slow ? new EchoLLM({ tokenDelayMs: 60_000 }) : new EchoLLM()).chat(options);
  }
}
