import { getJobContext, voice } from '@livekit/agents';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { Channel } from '../launch/channel.js';
import { channelPair } from '../launch/channel-pair.fixture.js';
import type { IsolationStrategy } from '../launch/isolation-strategy.js';
import { RemoteSessions } from '../launch/remote-sessions.js';
import { silentLogger } from '../base/logger.js';
import type { SharedModels } from '../session/shared-models.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import { AgentPool } from './agent-pool.js';
import { serveTickets } from './pool-functions.js';
import { EchoAgent, PoolHarness } from './pool-harness.js';
import type { AgentPoolOptions } from '../options/pool-options.js';

let rig: PoolHarness;
let near: Channel;
let far: Channel;

beforeEach(async () => {
  rig = await PoolHarness.start();
  [near, far] = channelPair();
});
afterEach(() => rig.close());

/** A strategy whose calls all run at the other end. */
const elsewhere: IsolationStrategy = {
  name: 'elsewhere',
  async open(host, signal) {
    const sessions = new RemoteSessions({ host, channel: near });
    await sessions.open(signal);
    return {
      run: (ticket, callSignal) => sessions.run(ticket, callSignal),
      async [Symbol.asyncDispose]() {
        sessions.finish();
      },
    };
  },
};

/** The pool of another process, which does not know where LiveKit is. */
function farPool(options: AgentPoolOptions = {}): AgentPool {
  return new AgentPool({
    models: null,
    logger: silentLogger,
    agents: { echo: () => new EchoAgent('Far') },
    ...options,
  });
}

/** Models whose inference returns what it was given. */
const models: SharedModels = {
  turnDetector: false,
  executor: { doInference: async (method, data) => ({ method, data }) },
  async load() {},
  async [Symbol.asyncDispose]() {},
};

test('calls run in the pool at the other end, until the pool of the worker ends', async () => {
  const serving = serveTickets(farPool(), far);
  const { pool, running } = await rig.registered({ isolation: elsewhere });
  const call = await rig.livekit.call();
  expect(await call.say('hello')).toBe('Far said: hello');
  call.hangUp();
  expect(await rig.ends.of(call.jobId)).toMatchObject({ reason: 'caller_left' });
  await pool.drain();
  await Promise.all([running, serving]);
});

test('inference runs in the worker', async () => {
  let inferred: unknown;
  const asking = new voice.Agent({
    instructions: '',
    llm: new EchoLLM({
      reply: () => {
        void getJobContext()
          .inferenceExecutor.doInference('detect', { turn: 1 })
          .then((result) => (inferred = result));
        return 'asked';
      },
    }),
  });
  const serving = serveTickets(farPool({ models, agents: { asking: () => asking } }), far);
  const { pool } = await rig.registered({
    isolation: elsewhere,
    models: { ...models, executor: { doInference: async () => 'by the worker' } },
    agents: { asking: () => asking },
  });
  const call = await rig.livekit.call();
  expect(await call.say('go')).toBe('asked');
  await vi.waitFor(() => expect(inferred).toBe('by the worker'));
  call.hangUp();
  await pool.drain();
  await serving;
});

test('when the pool at the other end cannot run calls, both ends fail with its error', async () => {
  const serving = serveTickets(
    farPool({ prewarm: () => Promise.reject(new Error('no menu')) }),
    far,
  );
  const failed = expect(serving).rejects.toMatchObject({ code: 'PREWARM_FAILED' });
  const { running } = rig.start({ isolation: elsewhere });
  await expect(running).rejects.toMatchObject({
    code: 'PREWARM_FAILED',
    message: 'Prewarm failed: no menu',
  });
  await failed;
});

test('its reason counts also when the models cannot be closed, and the channel is closed', async () => {
  const closed = new Promise<string>((resolve) => near.onClose(resolve));
  const serving = serveTickets(
    farPool({
      models: { ...models, [Symbol.asyncDispose]: () => Promise.reject(new Error('stuck')) },
      prewarm: () => Promise.reject(new Error('no menu')),
    }),
    far,
  );
  const failed = expect(serving).rejects.toMatchObject({ code: 'PREWARM_FAILED' });
  const { running } = rig.start({ isolation: elsewhere });
  await expect(running).rejects.toMatchObject({ code: 'PREWARM_FAILED' });
  await failed;
  await closed;
});

test('when the worker is gone, its calls are ended, and serving ends', async () => {
  const serving = serveTickets(farPool(), far);
  await rig.registered({ isolation: elsewhere });
  const call = await rig.livekit.call();
  await call.say('hello');
  near.close();
  await serving;
  expect(await call.ended).toMatchObject({
    status: 'failed',
    error: expect.stringMatching(/^ISOLATION_LOST: /),
  });
});

test('a pool that serves neither serves nor runs a second time', async () => {
  const pool = farPool();
  const serving = serveTickets(pool, far);
  expect(serveTickets(pool, channelPair()[0])).toBe(serving);
  expect(pool.run()).toBe(serving);
  near.close();
  await serving;
});

test('the worker warns of a provider given by name whose key the other end does not have', async () => {
  vi.stubEnv('LIVEKIT_API_KEY', undefined);
  vi.stubEnv('LIVEKIT_INFERENCE_API_KEY', undefined);
  const serving = serveTickets(farPool({ defaults: { llm: 'openai/gpt-4.1-mini' } }), far);
  await rig.registered({ isolation: elsewhere });
  vi.unstubAllEnvs();
  expect(rig.log.has('LiveKit Inference')).toBe(true);
  near.close();
  await serving;
});

describe('a process that was started for calls', () => {
  beforeEach(() => vi.resetModules());
  afterEach(() => vi.unstubAllEnvs());

  /** Loads the module again, as in a process that was started with this environment. */
  async function callProcess(env: Record<string, string>) {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    return (await import('../worker/started-for-calls.js')).callProcess();
  }
  const module = `data:text/javascript,${encodeURIComponent('export default () => globalThis.openedChannel;')}`;

  test('runs the pool of the given number, and the others wait for its end', async () => {
    const started = await callProcess({ OPENRTC_SERVE_TICKETS: module, OPENRTC_SERVE_POOL: '1' });
    expect(process.env['OPENRTC_SERVE_TICKETS']).toBeUndefined();
    const served: number[] = [];
    const serve = (pool: number) => async () => void served.push(pool);
    const other = started?.run(0, serve(0));
    await started?.run(1, serve(1));
    await other;
    expect(served).toEqual([1]);
  });

  test('runs the first pool when none is named', async () => {
    const started = await callProcess({ OPENRTC_SERVE_TICKETS: module });
    const served: number[] = [];
    await started?.run(4, async () => void served.push(4));
    await started?.run(5, async () => void served.push(5));
    expect(served).toEqual([4]);
  });

  test('says what is wrong with a module that opens no channel', async () => {
    const started = await callProcess({
      OPENRTC_SERVE_TICKETS: 'data:text/javascript,export default 3',
    });
    await expect(started?.run(0, async () => {})).rejects.toThrow(
      'has no function as its default export',
    );
  });

  test('is known by its environment only', async () => {
    expect(await callProcess({ OPENRTC_SERVE_TICKETS: '' })).toBeUndefined();
  });
});
