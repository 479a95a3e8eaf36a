import { initializeLogger, llm, voice } from '@livekit/agents';
import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';

import { deferred } from '../base/deferred.js';
import { NOW, ToolCallingLLM } from '../session/contained-failures.fixture.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import { betweenTurns, onTurnStart } from './turn-boundary.js';

initializeLogger({ pretty: false, level: 'silent' });

interface Activity {
  readonly currentSpeech: voice.SpeechHandle | undefined;
  readonly closeAbort: AbortController;
  waitForInactive(): unknown;
}

let session: voice.AgentSession;

/** Of the agent that is active. */
const activity = () => (session as unknown as { readonly activity: Activity }).activity;

/** Everything that waits for its end. */
const listeners = () => getEventListeners(activity().closeAbort.signal, 'abort').length;

/** Says what never ends by itself; resolves when it has begun. To be awaited, a speech must end. */
async function talk(): Promise<void> {
  const handle = session.say(new ReadableStream<string>());
  await vi.waitUntil(() => activity().currentSpeech === handle);
}

beforeEach(async () => {
  session = new voice.AgentSession({ llm: new EchoLLM() });
  await session.start({ agent: new voice.Agent({ instructions: 'x' }) });
});

afterEach(() => session.close());

test('it resolves at once when nobody speaks, and leaves nothing behind', async () => {
  const before = listeners();
  for (let time = 0; time < 20; time += 1) await betweenTurns(session);
  expect(listeners()).toBe(before);
});

test('it waits for the end of a speech, without looking again and again', async () => {
  await talk();
  const before = listeners();
  const looks = vi.spyOn(activity(), 'waitForInactive');
  const ended = vi.fn();
  const waiting = betweenTurns(session).then(ended);
  // Whether it looks at the time would show within these.
  for (let time = 0; time < 50; time += 1) await sleep(1);
  expect([ended.mock.calls.length, looks.mock.calls.length, listeners()]).toEqual([0, 0, before]);
  session.interrupt();
  await waiting;
  expect([activity().currentSpeech, listeners()]).toEqual([undefined, before]);
});

test('it resolves when the session ends meanwhile', async () => {
  await talk();
  const waiting = betweenTurns(session);
  await session.close();
  await waiting;
});

/** Lets a tool run until its gate opens, in a session of its own. */
async function runTool(execute: () => Promise<unknown>): Promise<void> {
  const act = llm.tool({ description: 'x', parameters: z.object({}), execute });
  const agent = new voice.Agent({ instructions: 'x', llm: new ToolCallingLLM(), tools: { act } });
  session = new voice.AgentSession({});
  await session.start({ agent });
  session.generateReply({ userInput: NOW });
}

test.each([
  ['ends', () => 'done'],
  ['fails', () => Promise.reject(new Error('out of order'))],
])('it waits for a tool, and for what is said of it, when the tool %s', async (_how, end) => {
  const [called, gate] = [deferred<void>(), deferred<void>()];
  await runTool(async () => {
    called.resolve();
    await gate.promise;
    return end();
  });
  await called.promise;
  await vi.waitUntil(() => activity().currentSpeech === undefined);
  const ended = vi.fn();
  const waiting = betweenTurns(session).then(ended);
  const started = vi.fn();
  onTurnStart(session, started);
  for (let time = 0; time < 20; time += 1) await sleep(1);
  expect(ended).not.toHaveBeenCalled();
  gate.resolve();
  await waiting;
  const said = session.history.items.filter(({ type }) => type === 'message');
  expect([said.length, started.mock.calls.length]).toEqual([2, 0]);
});

test('it does not wait for a tool when the agent has ended', async () => {
  const [called, gate] = [deferred<void>(), deferred<void>()];
  await runTool(() => {
    called.resolve();
    return gate.promise;
  });
  await called.promise;
  await vi.waitUntil(() => activity().currentSpeech === undefined);
  const waiting = betweenTurns(session);
  await sleep(1);
  // What closes an activity; a session would wait for the tool first.
  activity().closeAbort.abort();
  await waiting;
  gate.resolve();
});
