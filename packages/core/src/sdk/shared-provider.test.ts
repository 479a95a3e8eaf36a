import { sharedProvidersPatch } from './shared-provider.js';
import { silentLogger } from '../base/logger.js';
import { llm, tts, voice } from '@livekit/agents';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { AgentDefaults, SessionSetup } from '../agents/agent-options.js';
import { PoolHarness } from '../pool/pool-harness.js';
import type { AgentPoolOptions } from '../options/pool-options.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import { ScriptedSTT } from '../testing/providers/scripted-stt.js';
import { ToneTTS } from '../testing/providers/tone-tts.js';
import { BiasedSTT, DeafVAD, FailingLLM, PlainAgent } from './shared-provider.fixture.js';

let rig: PoolHarness;
let sessions: Map<string, voice.AgentSession>;

beforeEach(async () => {
  rig = await PoolHarness.start();
  sessions = new Map();
});

afterEach(() => rig.close());

/** A pool with one agent, which greets and uses the default providers. */
async function start(defaults: AgentDefaults, options: AgentPoolOptions = {}) {
  const { pool, running } = await rig.registered({
    agents: { echo: PlainAgent },
    defaults: { greeting: 'hello', ...defaults },
    setup: (_ctx, session, { jobId }) => void sessions.set(jobId, session),
    ...options,
  });
  /** Waits for the calls to end. */
  return async () => {
    await pool.drain();
    await running;
  };
}

interface Emitter {
  listenerCount(event: string): number;
}
const listeners = (...providers: Emitter[]) =>
  providers.flatMap((each) => ['error', 'metrics_collected'].map((it) => each.listenerCount(it)));

const dialMany = (count: number) => Promise.all(Array.from({ length: count }, () => rig.dial()));

const llmMetrics = {
  type: 'llm_metrics',
  label: 'x',
  completionTokens: 7,
  metadata: { modelProvider: 'x', modelName: 'x' },
} as unknown as Parameters<llm.LLMCallbacks['metrics_collected']>[0];

const llmError = {
  type: 'llm_error',
  timestamp: 0,
  label: 'x',
  error: new Error('nobody in particular'),
  recoverable: false,
} as const;

describe('one provider object for six calls', () => {
  test('when the model fails in one call, only that call ends; usage is counted per call', async () => {
    const model = new FailingLLM();
    const providers = { stt: new ScriptedSTT({ script: [] }), llm: model, tts: new ToneTTS() };
    const vad = new DeafVAD();
    const heardOutside: unknown[] = [];
    model.on('error', (event) => heardOutside.push(event.error.message));
    let metricsOutside = 0;
    model.on('metrics_collected', () => (metricsOutside += 1));
    const drain = await start({
      ...providers,
      session: { vad, connOptions: { maxUnrecoverableErrors: 1 } },
    });
    const six = await dialMany(6);
    expect(model.listenerCount('error')).toBe(7);
    const [first, , third] = six;
    await Promise.all(six.map((call, at) => call.say(`${'word '.repeat(at + 1)}`)));

    // The session survives the first failure, but not the second.
    const session = sessions.get(third?.jobId ?? '');
    const failed = new Promise((resolve) =>
      session?.once(voice.AgentSessionEventTypes.Error, resolve),
    );
    const unanswered = third?.say('fail').catch((error: unknown) => error);
    await failed;
    await third?.say('fail').catch((error: unknown) => error);
    await unanswered;
    expect(await third?.ended).toMatchObject({ status: 'failed' });

    const others = six.filter((call) => call !== third);
    const answers = await Promise.all(others.map((call) => call.say('still there?')));
    expect(answers).toEqual(others.map(() => 'You said: still there?'));
    expect(first?.jobId).not.toBe(third?.jobId);
    const words = (jobId: string) =>
      sessions
        .get(jobId)
        ?.usage.modelUsage.flatMap((usage) =>
          usage.type === 'llm_usage' ? [usage.outputTokens] : [],
        );
    // "You said:" and the words: only of this call's two answers.
    expect(six.map((call) => words(call.jobId))).toEqual(
      six.map((call, at) => [call === third ? 2 + at + 1 : 2 + at + 1 + 4]),
    );
    for (const call of others) call.hangUp();
    await drain();

    expect(rig.ends.all.filter(({ outcome }) => outcome.status === 'failed')).toMatchObject([
      { info: { jobId: third?.jobId }, outcome: { error: { code: 'SESSION_CLOSED_WITH_ERROR' } } },
    ]);
    expect(heardOutside).toEqual(['the model is gone', 'the model is gone']);
    // Six answers, two failures, five answers.
    expect(metricsOutside).toBe(13);
    model.removeAllListeners();
    expect(listeners(model, providers.stt, providers.tts, vad)).toEqual(Array(8).fill(0));
  });

  test('the model of an agent class is separated too', async () => {
    const model = new FailingLLM();
    class Sharing extends voice.Agent {
      constructor() {
        super({ instructions: '', llm: model });
      }
    }
    const drain = await start(
      { session: { connOptions: { maxUnrecoverableErrors: 0 } } },
      { agents: { sharing: Sharing } },
    );
    const [first, second] = await dialMany(2);
    await first?.say('fail').catch((error: unknown) => error);
    expect((await first?.ended)?.status).toBe('failed');
    expect(await second?.say('and you?')).toBe('You said: and you?');
    second?.hangUp();
    await drain();
    expect(listeners(model)).toEqual([0, 0]);
  });

  test('fifty sessions listen to one object without a warning', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => void warnings.push(warning);
    process.on('warning', onWarning);
    const model = new EchoLLM();
    const drain = await start({ llm: model });
    const fifty = await dialMany(50);
    expect(listeners(model)).toEqual([50, 50]);
    expect(await fifty[49]?.say('hi')).toBe('You said: hi');
    for (const call of fifty) call.hangUp();
    await drain();
    process.off('warning', onWarning);
    expect(listeners(model)).toEqual([0, 0]);
    expect(warnings.map(({ message }) => message)).toEqual([]);
  }, 60_000);

  test('an event outside of calls reaches only listeners that were added outside of calls', async () => {
    const model = new EchoLLM();
    const outside: string[] = [];
    model.on('error', () => outside.push('error'));
    model.on('metrics_collected', () => outside.push('metrics'));
    await start({ llm: model, session: { connOptions: { maxUnrecoverableErrors: 0 } } });
    const [first, second] = await dialMany(2);
    model.emit('error', llmError);
    model.emit('metrics_collected', llmMetrics);
    expect(await Promise.all([first?.say('1'), second?.say('2')])).toEqual([
      'You said: 1',
      'You said: 2',
    ]);
    expect(outside).toEqual(['error', 'metrics', 'metrics', 'metrics']);
    expect(rig.log.matching('error', /outside of any call/)).toHaveLength(1);
    expect(rig.log.matching('debug', /belong to no call were dropped/)).toHaveLength(1);
  });
});

describe('a change that a session makes to its provider', () => {
  const session = { keytermsOptions: { keyterms: ['Kowalski'] } };

  test('is not applied to a shared object, with one warning that names the factory form', async () => {
    const stt = new BiasedSTT();
    const speaker = new ToneTTS();
    await start({ stt, tts: speaker, llm: new EchoLLM(), session });
    const both = await dialMany(2);
    await Promise.all(both.map((call) => call.say('I am Kowalski')));
    expect(stt).toBeInstanceOf(BiasedSTT);
    expect(stt.keyterms).toEqual([]);
    expect(stt.turns).toEqual([]);
    expect(rig.log.matching('warn', /\(\) => new BiasedSTT\(…\)/)).toHaveLength(1);

    speaker._setExpressive(false);
    expect(rig.log.matching('warn', /new ToneTTS/)).toEqual([]);
    speaker._setExpressive(true);
    speaker._setExpressive(true);
    expect(speaker.expressive).toBe(false);
    expect(rig.log.matching('warn', /new ToneTTS/)).toHaveLength(1);
  });

  test('is applied to an object that a factory has built', async () => {
    const built: BiasedSTT[] = [];
    const stt = () => {
      built.push(new BiasedSTT());
      return built.at(-1) as BiasedSTT;
    };
    await start({ stt, llm: () => new EchoLLM(), session });
    const both = await dialMany(2);
    await both[0]?.say('I am Kowalski');
    expect(built.map(({ keyterms }) => keyterms)).toEqual([[['Kowalski']], [['Kowalski']]]);
    expect(built[0]?.turns).toContain('I am Kowalski');
    expect(built[1]?.turns).not.toContain('I am Kowalski');
    expect(rig.log.matching('warn', /with a factory/)).toEqual([]);
  });

  test('is reset when a second call uses the same object', async () => {
    const hidden = new BiasedSTT();
    const stt = () => hidden;
    await start({ stt, llm: () => new EchoLLM(), session });
    await rig.dial();
    expect(hidden.keyterms).toEqual([['Kowalski']]);
    await rig.dial();
    expect(hidden.keyterms).toEqual([['Kowalski'], []]);
    expect(rig.log.matching('warn', /with a factory/)).toHaveLength(1);
  });
});

describe('listeners of user code', () => {
  test("a call's own listener gets the events of its call, can be removed, and ends with the call", async () => {
    const model = new EchoLLM();
    const heard: string[] = [];
    // One function for all calls: removing it in one must not remove it in another.
    const onMetrics = () => heard.push('metrics');
    const once = () => heard.push('once');
    const setup: SessionSetup = (_ctx, session, info) => {
      model.on('metrics_collected', onMetrics);
      model.once('metrics_collected', once);
      if (info.metadata['leaves'] !== true) return;
      session.on(voice.AgentSessionEventTypes.ConversationItemAdded, () => {
        model.off('metrics_collected', onMetrics);
      });
    };
    const drain = await start({ llm: model }, { setup });
    const stays = await rig.dial();
    const leaves = await rig.dial({ metadata: { leaves: true } });
    await leaves.say('now');
    await leaves.say('again');
    expect(heard.filter((each) => each === 'metrics')).toEqual([]);
    expect(heard.filter((each) => each === 'once')).toEqual(['once']);
    await stays.say('one');
    await stays.say('two');
    expect(heard).toEqual(['once', 'metrics', 'once', 'metrics']);
    stays.hangUp();
    leaves.hangUp();
    await drain();
    expect(listeners(model)).toEqual([0, 0]);
  });

  test('an error without a listener is logged, not thrown', async () => {
    const model = new EchoLLM();
    const drain = await start({ llm: model });
    (await rig.dial()).hangUp();
    await drain();
    expect(model.emit('error', llmError)).toBe(false);
    expect(rig.log.matching('warn', /after its call had ended/)).toHaveLength(1);
    // A provider that no call has used is unchanged.
    expect(() => new EchoLLM().emit('error', llmError)).toThrow('nobody in particular');
  });

  test('a model behind a fallback adapter is separated from the other calls', async () => {
    const [broken, sound] = [new FailingLLM(), new EchoLLM()];
    const fallback = new llm.FallbackAdapter({ llms: [broken, sound] });
    const drain = await start({ llm: fallback });
    const [first, second] = await dialMany(2);
    expect(await first?.say('fail')).toBe('You said: fail');
    expect(await second?.say('fine')).toBe('You said: fine');
    expect(rig.log.matching('error', /./)).toEqual([]);
    for (const call of [first, second]) call?.hangUp();
    await drain();
    expect(listeners(fallback)).toEqual([0, 0]);
    expect(broken.listenerCount('error')).toBe(0);
  });
});

test('the base classes have the replaced methods, and get them back', () => {
  expect(new PlainAgent()).toBeInstanceOf(voice.Agent);
  const own = () => Object.getOwnPropertyNames(tts.TTS.prototype);
  const undo = sharedProvidersPatch.apply(silentLogger);
  expect(own()).toEqual(expect.arrayContaining(['on', 'off', 'emit', '_setExpressive']));
  void undo();
  expect(own()).toEqual(expect.arrayContaining(['emit', '_setExpressive']));
  expect(own()).not.toContain('on');
});
