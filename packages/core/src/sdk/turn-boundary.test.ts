import { initializeLogger, voice } from '@livekit/agents';
import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { EchoLLM } from '../testing/providers/echo-llm.js';
import { betweenTurns } from './turn-boundary.js';

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
