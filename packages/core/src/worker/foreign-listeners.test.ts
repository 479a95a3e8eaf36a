import { voice } from '@livekit/agents';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { EchoAgent, PoolHarness } from '../pool/pool-harness.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import { withoutListeners } from './process-listeners.fixture.js';

type Event = 'uncaughtException' | 'unhandledRejection' | 'uncaughtExceptionMonitor';

const handled = { processHandlers: true };
const accidents = {
  timer: () =>
    void setTimeout(() => {
      throw new Error('boom');
    }, 0),
  rejection: () => void Promise.reject(new Error('boom')),
};

let rig: PoolHarness;
let withListeners: () => void;
const realExit = Reflect.get<NodeJS.Process, 'exit'>(process, 'exit');
const exited = vi.fn();
const called = vi.fn();

beforeEach(async () => {
  rig = await PoolHarness.start();
  withListeners = withoutListeners();
  process.exit = exited as unknown as typeof process.exit;
});

afterEach(async () => {
  await rig.close();
  process.exit = realExit;
  withListeners();
  vi.clearAllMocks();
});

/** Adds a listener of the user, and removes it at the end of the test. */
function listen(event: Event, act: () => void): AsyncDisposable {
  const listener = (error: unknown) => {
    called(error);
    act();
  };
  process.on(event as 'uncaughtException', listener);
  return {
    async [Symbol.asyncDispose]() {
      process.off(event, listener);
    },
  };
}

const exit = () => process.exit(1);
const fail = () => {
  throw new Error('in the listener');
};

test.each<[Event, string, () => void, keyof typeof accidents]>([
  ['uncaughtException', 'exits', exit, 'timer'],
  ['uncaughtException', 'throws', fail, 'timer'],
  ['unhandledRejection', 'exits', exit, 'rejection'],
  ['unhandledRejection', 'throws', fail, 'rejection'],
  // Node shows it the error whatever we do.
  ['uncaughtExceptionMonitor', 'exits', exit, 'timer'],
  ['uncaughtExceptionMonitor', 'throws', fail, 'timer'],
])(
  'a listener of the user for %s that %s does not widen the error of a call',
  async (event, _what, act, accident) => {
    await using _listener = listen(event, act);
    const reply = (text: string) => {
      if (text === 'now') accidents[accident]();
      return `You said: ${text}`;
    };
    const clumsy = () => new voice.Agent({ instructions: '', llm: new EchoLLM({ reply }) });
    const { pool } = await rig.registered(
      { agents: { clumsy, calm: () => new EchoAgent() } },
      handled,
    );
    const one = await rig.livekit.call({ metadata: { agent: 'clumsy' } });
    const other = await rig.livekit.call({ metadata: { agent: 'calm' } });
    await one.say('hello');
    const last = one.say('now').catch((error: unknown) => error);
    expect(await rig.ends.of(one.jobId)).toMatchObject({ status: 'failed', causedBy: 'agent' });
    expect(await one.ended).toMatchObject({ status: 'failed' });
    expect(await other.say('still there?')).toBe('You said: still there?');
    expect(pool.runtimeSnapshot()).toMatchObject({ state: 'running', activeSessions: 1 });
    expect(exited).not.toHaveBeenCalled();
    expect(called).toHaveBeenCalledTimes(event === 'uncaughtExceptionMonitor' ? 1 : 0);
    await last;
  },
);

test.each<[Event, string, () => void, keyof typeof accidents]>([
  ['uncaughtException', 'exits', exit, 'timer'],
  ['uncaughtException', 'exits later', () => void setImmediate(exit), 'timer'],
  ['uncaughtException', 'throws', fail, 'timer'],
  ['unhandledRejection', 'exits', exit, 'rejection'],
  ['unhandledRejection', 'throws', fail, 'rejection'],
])(
  'for an error no call can be blamed for, a listener of %s that %s is called, and calls go on to their end',
  async (event, _what, act, accident) => {
    await using _listener = listen(event, act);
    const { pool, running } = await rig.registered({}, handled);
    const call = await rig.livekit.call();
    await call.say('hello');
    accidents[accident]();
    await rig.log.until(act === fail ? 'threw' : act === exit ? 'was called in' : 'no call can be');
    expect(called.mock.calls).toMatchObject([[{ message: 'boom' }]]);
    expect(pool.runtimeSnapshot().state).toBe('draining');
    expect(await call.say('still there?')).toBe('You said: still there?');
    expect(exited).not.toHaveBeenCalled();
    call.hangUp();
    await expect(running).rejects.toMatchObject({ code: 'POOL_TAINTED' });
    expect(await rig.ends.of(call.jobId)).toMatchObject({ status: 'success' });
  },
);

test('listeners are named at the start, and are as they were when the pools have ended', async () => {
  await using _listener = listen('uncaughtException', exit);
  const before = process.rawListeners('uncaughtException');
  const emit: unknown = Reflect.get(process, 'emit');
  const own = Object.hasOwn(process, 'emit');
  const one = await rig.registered({ agentName: 'one' }, handled);
  const two = await rig.registered({ agentName: 'two' }, handled);
  expect(rig.log.matching('warn', /listeners of its own for uncaught errors/)).toHaveLength(2);
  await one.pool.close();
  // The second pool still handles the process.
  expect(process.listenerCount('uncaughtException')).toBe(before.length + 1);
  await two.pool.close();
  expect(process.rawListeners('uncaughtException')).toEqual(before);
  expect(Reflect.get(process, 'emit')).toBe(emit);
  expect(Object.hasOwn(process, 'emit')).toBe(own);
  const show = emit as (this: unknown, event: string, error: Error) => boolean;
  show.call(process, 'uncaughtException', new Error('after the run'));
  expect(called).toHaveBeenCalledTimes(1);
  expect(exited).toHaveBeenCalledWith(1);
});
