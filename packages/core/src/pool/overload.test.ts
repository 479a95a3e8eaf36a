import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { meters } from '../admit/loop-meter.fixture.js';
import { channelPair } from '../launch/channel-pair.fixture.js';
import type { IsolationStrategy } from '../launch/isolation-strategy.js';
import { RemoteSessions } from '../launch/remote-sessions.js';
import { cloning } from '../testing/cloning-isolation.js';
import { AgentPool } from './agent-pool.js';
import { serveTickets } from './pool-functions.js';
import { EchoAgent, PoolHarness } from './pool-harness.js';

vi.mock('../admit/loop-meter.js', () => import('../admit/loop-meter.fixture.js'));

const read = (lagMs: number, times: number) => {
  for (let time = 0; time < times; time += 1)
    for (const onReading of meters)
      onReading({ lagMs, busyMs: 1_900, threadMs: 1_500, share: 0.7 });
};

let rig: PoolHarness;

beforeEach(async () => {
  meters.clear();
  rig = await PoolHarness.start();
});

afterEach(() => rig.close());

test.each([
  ['in this process', undefined],
  ['through a channel', cloning()],
])('a worker whose loop lags refuses calls until it has recovered: %s', async (_how, isolation) => {
  const { pool } = await rig.registered(isolation === undefined ? {} : { isolation });
  const first = await rig.livekit.call();
  await first.say('hello');
  expect(meters.size).toBe(1);
  // Offered before the worker reports itself full, and decided when it is overloaded.
  const jobId = rig.livekit.dispatch({ room: 'late' });
  read(300, 3);
  await rig.livekit.until(({ jobs }) =>
    jobs.some((job) => job.jobId === jobId && job.error.startsWith('all refused')),
  );
  expect(pool.runtimeSnapshot()).toMatchObject({ refused: { busy: 1 }, totalSessionFailures: 0 });
  await rig.livekit.until(({ workers }) => workers[0]?.status === 'full');
  await expect(rig.livekit.call()).rejects.toThrow('no workers with sufficient capacity');
  expect(await first.say('still there?')).toBe('You said: still there?');
  read(20, 5);
  await rig.livekit.until(({ workers }) => workers[0]?.status === 'available');
  expect(await (await rig.livekit.call()).say('hello')).toBe('You said: hello');
});

test('a worker whose calls are over is not overloaded', async () => {
  await rig.registered();
  const call = await rig.livekit.call();
  await call.say('hello');
  read(300, 3);
  await rig.livekit.until(({ workers }) => workers[0]?.status === 'full');
  call.hangUp();
  await rig.ends.of(call.jobId);
  await rig.livekit.until(({ workers }) => workers[0]?.status === 'available');
  expect(meters.size).toBe(0);
});

test('if calls run elsewhere, the worker learns of the lag there, and leaves it to the strategy', async () => {
  const [near, far] = channelPair();
  let sessions: RemoteSessions | undefined;
  const elsewhere: IsolationStrategy = {
    name: 'elsewhere',
    async open(host, signal) {
      const there = new RemoteSessions({ host, channel: near });
      sessions = there;
      await there.open(signal);
      return {
        run: (ticket, callSignal) => there.run(ticket, callSignal),
        async [Symbol.asyncDispose]() {
          there.finish();
        },
      };
    },
  };
  const { livekit: _none, ...options } = rig.options({ agents: { echo: () => new EchoAgent() } });
  const serving = serveTickets(new AgentPool(options), far);
  const { pool } = await rig.registered({ isolation: elsewhere });
  const call = await rig.livekit.call();
  await call.say('hello');
  expect(sessions?.busy).toBe(false);
  read(300, 3);
  await vi.waitFor(() => expect(sessions?.busy).toBe(true));
  expect(rig.livekit.workers[0]?.status).toBe('available');
  read(20, 5);
  await vi.waitFor(() => expect(sessions?.busy).toBe(false));
  call.hangUp();
  await pool.drain();
  await serving;
});
