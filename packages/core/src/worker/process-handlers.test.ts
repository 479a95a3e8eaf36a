import { voice } from '@livekit/agents';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { EchoLLM } from '../testing/providers/echo-llm.js';
import { EchoAgent, PoolHarness } from '../pool/pool-harness.js';
import { END_SIGNALS } from './process-handlers.js';

const events = ['uncaughtException', 'unhandledRejection', ...END_SIGNALS] as const;
type Listener = (...args: unknown[]) => void;

let rig: PoolHarness;
let others: [event: (typeof events)[number], listener: Listener][];

// Vitest fails a run for an uncaught error; here the pool must catch it.
beforeEach(async () => {
  rig = await PoolHarness.start();
  others = events.flatMap((event) =>
    (process.rawListeners(event) as Listener[]).map((listener): (typeof others)[number] => [
      event,
      listener,
    ]),
  );
  for (const [event, listener] of others) process.off(event, listener);
});

afterEach(async () => {
  await rig.close();
  for (const [event, listener] of others) process.on(event, listener);
});

const handled = { processHandlers: true };

/** An agent that fails when the caller says "now". */
function accidentProne(accident: () => void): voice.Agent {
  const reply = (text: string) => {
    if (text === 'now') accident();
    return `You said: ${text}`;
  };
  return new voice.Agent({ instructions: '', llm: new EchoLLM({ reply }) });
}

test.each<[string, () => void]>([
  ['an unhandled rejection', () => void Promise.reject(new Error('boom'))],
  [
    'a throw in a timer',
    () =>
      void setTimeout(() => {
        throw new Error('boom');
      }, 0),
  ],
  [
    'a rejection in a timer',
    () => void setTimeout(() => void Promise.reject(new Error('boom')), 0),
  ],
])('%s ends the call that caused it, and the other call goes on', async (_what, accident) => {
  const { pool } = await rig.registered(
    { agents: { clumsy: () => accidentProne(accident), calm: () => new EchoAgent() } },
    handled,
  );
  const clumsy = await rig.livekit.call({ metadata: { agent: 'clumsy' } });
  const calm = await rig.livekit.call({ metadata: { agent: 'calm' } });
  expect(await calm.say('hello')).toBe('You said: hello');
  const last = clumsy.say('now').catch((error: unknown) => error);
  expect(await rig.ends.of(clumsy.jobId)).toMatchObject({
    status: 'failed',
    error: { code: 'SESSION_UNCAUGHT', message: expect.stringContaining('boom') },
  });
  expect(await clumsy.ended).toMatchObject({
    status: 'failed',
    error: expect.stringContaining('SESSION_UNCAUGHT'),
  });
  expect(await calm.say('still there?')).toBe('You said: still there?');
  expect(pool.runtimeSnapshot()).toMatchObject({
    state: 'running',
    activeSessions: 1,
    consecutiveFailures: 0,
  });
  await last;
});

test('an error no call can be blamed for drains the worker, and its calls go on to their end', async () => {
  const { pool, running } = await rig.registered({}, handled);
  const call = await rig.livekit.call();
  await call.say('hello');
  setTimeout(() => {
    throw new Error('whose was that?');
  }, 0);
  await rig.log.until('no call can be blamed');
  expect(pool.runtimeSnapshot().state).toBe('draining');
  expect(await call.say('still there?')).toBe('You said: still there?');
  call.hangUp();
  await expect(running).rejects.toMatchObject({
    code: 'POOL_TAINTED',
    message: expect.stringContaining('whose was that?'),
  });
  expect(await rig.ends.of(call.jobId)).toMatchObject({ status: 'success' });
});

test.each([new Error('boom'), 'boom', undefined])(
  'an error during the start fails it, whatever was thrown: %s',
  async (thrown) => {
    let began!: () => void;
    const prewarming = new Promise<void>((resolve) => {
      began = resolve;
    });
    let finish!: () => void;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const { running } = rig.start({ prewarm: () => (began(), finished) }, handled);
    await prewarming;
    void Promise.reject(thrown);
    await rig.log.until('no call can be blamed');
    finish();
    await expect(running).rejects.toMatchObject({ code: 'POOL_TAINTED' });
    expect(rig.livekit.workers).toEqual([]);
  },
);

test.each(END_SIGNALS)('%s drains, and the live call goes on to its end', async (signal) => {
  const { pool, running } = await rig.registered({}, handled);
  const call = await rig.livekit.call();
  await call.say('hello');
  process.emit(signal, signal);
  expect(pool.runtimeSnapshot().state).toBe('draining');
  expect(await call.say('still there?')).toBe('You said: still there?');
  call.hangUp();
  await running;
  expect(await call.ended).toEqual({ status: 'success', error: '' });
});

test('the first signal drains, its repetition does nothing, the second ends the calls', async () => {
  const { pool, running } = await rig.registered({}, handled);
  const call = await rig.livekit.call();
  await call.say('hello');
  const clock = vi.spyOn(performance, 'now').mockReturnValue(10_000);
  process.emit('SIGTERM', 'SIGTERM');
  expect(pool.runtimeSnapshot().state).toBe('draining');
  // A signal to the process group arrives twice when npm passes it on too.
  clock.mockReturnValue(10_100);
  process.emit('SIGTERM', 'SIGTERM');
  clock.mockRestore();
  expect(await call.say('still there?')).toBe('You said: still there?');
  vi.spyOn(performance, 'now').mockReturnValueOnce(11_000);
  process.emit('SIGINT', 'SIGINT');
  expect(await rig.ends.of(call.jobId)).toMatchObject({
    status: 'cancelled',
    reason: 'pool_closed',
  });
  await running;
});
