import { voice } from '@livekit/agents';
import { afterEach, describe, expect, test, vi } from 'vitest';

import type { AgentPoolOptions } from '../options/pool-options.js';
import { cloning } from '../testing/cloning-isolation.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import { NOW, NoSpeaker, Talker, ways } from './contained-failures.fixture.js';
import { reach, rig, start } from './contained-rig.fixture.js';
import {
  BrokenTTS,
  BrokenVAD,
  DyingSTT,
  FailingLLM,
  FailingRealtime,
  failures,
  unauthorized,
  vadFailures,
} from './failing-providers.fixture.js';

// What a provider fails with is seen in every place that shows a call, and nothing of it in the call beside it.

afterEach(() => {
  vi.useRealTimers();
});

const speaking: AgentPoolOptions = {
  setup: (_ctx, session, { agent }) => {
    if (agent === 'faulty') session.output.audio = new NoSpeaker(24_000);
  },
};

describe.each(ways)('%s', (_where, from, byHandOff) => {
  test.each(failures)('the LLM fails with %s', async (_what, error, code) => {
    const { pool, calm } = await start(from(() => new Talker({ llm: new FailingLLM(error) })));
    const { call, greeting } = await reach(byHandOff);
    expect(await greeting).toBe('Here.');
    call.type(NOW).catch(() => {});
    await rig().log.until('got no answer');
    expect(await calm.say('and you?')).toBe('You said: and you?');
    const [steady, faulty] = pool.runtimeSnapshot().sessions;
    expect(steady).toMatchObject({ faults: { providerErrors: 0 }, turns: { unanswered: 0 } });
    expect(faulty?.faults.providers).toEqual([
      { kind: 'llm', label: 'openrtc.EchoLLM', code, recoverable: false, count: 1 },
    ]);
    expect(faulty?.turns).toMatchObject({ unanswered: 1, lastUnanswered: 'provider_error' });
    call.hangUp();
    const result = await rig().ends.of(call.jobId);
    expect(result).toMatchObject({ reason: 'caller_left', faults: faulty?.faults });
  });
});

test.each([
  ['in this process', undefined],
  ['in an isolated session', cloning()],
])('a provider that all calls share fails in one of them: %s', async (_where, isolation) => {
  const shared = new FailingLLM(unauthorized);
  const { pool } = await start(
    () => new Talker({ llm: shared }),
    isolation === undefined ? {} : { isolation },
  );
  const { call, greeting } = await reach();
  const other = await reach();
  await Promise.all([greeting, other.greeting]);
  call.type(NOW).catch(() => {});
  await rig().log.until('got no answer');
  expect(await other.call.say('hello')).toBe('You said: hello');
  const faults = pool.runtimeSnapshot().sessions.map((each) => each.faults.providerErrors);
  expect(faults).toEqual([0, 1, 0]);
  expect(pool.runtimeSnapshot()).toMatchObject({
    totalProviderErrors: 1,
    totalTurns: { unanswered: 1, lastUnanswered: 'provider_error' },
  });
});

test('an error after which the SDK tries again is counted as such, and the turn is answered', async () => {
  const flaky = new FailingLLM(
    () => Object.assign(unauthorized(), { statusCode: 503, retryable: true }),
    1,
  );
  const { pool } = await start(() => new Talker({ llm: flaky }));
  const { call, greeting } = await reach();
  await greeting;
  expect(await call.say(NOW)).toBe('At last.');
  await call.say('and?');
  const session = pool.runtimeSnapshot().sessions.at(-1);
  expect(session?.faults.providers).toMatchObject([{ code: '503', recoverable: true, count: 1 }]);
  expect(session?.turns).toMatchObject({ unanswered: 0, lastUnanswered: null });
});

test('the TTS fails: the turn has no answer', async () => {
  const broken = new BrokenTTS(() => Promise.reject(unauthorized()));
  const agent = () => new voice.Agent({ instructions: '', llm: new EchoLLM(), tts: broken });
  const { pool } = await start(agent, speaking);
  const { call } = await reach();
  call.type(NOW).catch(() => {});
  await rig().log.until('got no answer');
  expect(pool.runtimeSnapshot().sessions.at(-1)).toMatchObject({
    status: 'unanswered',
    faults: { providers: [{ kind: 'tts', label: 'broken.TTS', code: '401', recoverable: false }] },
    turns: { asked: 1, unanswered: 1, lastUnanswered: 'provider_error' },
  });
});

test('the TTS hangs: it counts as a timeout, and the turn has no answer', async () => {
  const hanging = new BrokenTTS(() => new Promise<never>(() => {}));
  const agent = () => new voice.Agent({ instructions: '', llm: new EchoLLM(), tts: hanging });
  const { pool } = await start(agent, speaking);
  const { call } = await reach();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true });
  call.type(NOW).catch(() => {});
  await vi.waitUntil(() => pool.runtimeSnapshot().sessions.at(-1)?.turns.asked === 1);
  // The SDK gives it up.
  await vi.advanceTimersByTimeAsync(10_000);
  await rig().log.until('got no answer');
  expect(pool.runtimeSnapshot().sessions.at(-1)).toMatchObject({
    faults: { providers: [{ kind: 'tts', code: 'timeout', recoverable: false, count: 1 }] },
    turns: { asked: 1, unanswered: 1, lastUnanswered: 'provider_error' },
  });
});

test('the STT dies: the call fails, and its result says with which error', async () => {
  const dying = new DyingSTT();
  await start(() => new Talker({ stt: dying }), { defaults: { session: { vad: null } } });
  const { call, greeting } = await reach();
  await greeting;
  dying.die(unauthorized());
  const result = await rig().ends.of(call.jobId);
  expect(result).toMatchObject({
    status: 'failed',
    causedBy: 'provider',
    error: { code: 'SESSION_CLOSED_WITH_ERROR' },
    faults: { providers: [{ kind: 'stt', label: 'dying.STT', code: '401', recoverable: false }] },
  });
});

test('a realtime model fails and tries again, and then for good: both are counted, and the call fails', async () => {
  const model = new FailingRealtime();
  const { pool } = await start(() => new voice.Agent({ instructions: '', llm: model }));
  const { call } = await reach();
  await call.type('hello');
  await expect.poll(() => pool.runtimeSnapshot().sessions.at(-1)?.turns.answered).toBe(1);
  const failed = { kind: 'realtime', label: 'failing.Realtime', code: '401', count: 1 };
  model.fail(unauthorized(), true);
  await rig().log.until('failed, the SDK tries again: Incorrect API key');
  expect(pool.runtimeSnapshot().sessions.at(-1)).toMatchObject({
    turns: { answered: 1, unanswered: 0 },
    faults: { providers: [{ ...failed, recoverable: true }] },
  });
  model.fail(unauthorized(), false);
  expect(await rig().ends.of(call.jobId)).toMatchObject({
    error: { code: 'SESSION_CLOSED_WITH_ERROR' },
    faults: {
      providers: [
        { ...failed, recoverable: true },
        { ...failed, recoverable: false },
      ],
    },
  });
});

test.each(vadFailures)('the VAD fails: %s', async (_what, said) => {
  const agent = () => new Talker({ stt: new DyingSTT(), vad: new BrokenVAD(said) });
  const { pool } = await start(agent, {
    setup: (_ctx, session, info) => {
      if (info.agent === 'faulty') session.input.audio = new SilentInput();
    },
  });
  const { call, greeting } = await reach();
  await greeting;
  await rig().log.until('the VAD broken.VAD failed: no model');
  expect(await call.say('hello')).toBe('You said: hello');
  expect(pool.runtimeSnapshot().sessions.at(-1)?.faults.providers).toMatchObject([
    { kind: 'vad', label: 'broken.VAD', recoverable: false, count: 1 },
  ]);
});

/** A microphone that never gives a frame. */
class SilentInput extends voice.AudioInput {}
