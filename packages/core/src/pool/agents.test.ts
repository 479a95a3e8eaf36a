import type { voice } from '@livekit/agents';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { cloning } from '../testing/cloning-isolation.js';
import { EchoAgent, PoolHarness, inProcess } from './pool-harness.js';

let rig: PoolHarness;

beforeEach(async () => {
  rig = await PoolHarness.start();
});

afterEach(() => rig.close());

describe('agents', () => {
  test('an agent that is added while the pool runs takes calls', async () => {
    const { pool } = await rig.registered();
    pool.add('late', () => new EchoAgent('Late'));
    const call = await rig.livekit.call({ metadata: { agent: 'late' } });
    expect(await call.say('hello')).toBe('Late said: hello');
    expect(pool.runtimeSnapshot().registeredAgents).toEqual(['echo', 'late']);
  });

  test('a removed agent takes no more calls; its live call goes on', async () => {
    const { pool } = await rig.registered({
      agents: { echo: () => new EchoAgent(), gone: () => new EchoAgent('Gone') },
    });
    const call = await rig.livekit.call({ metadata: { agent: 'gone' } });
    await call.say('hello');
    pool.remove('gone');
    expect(await call.say('still there?')).toBe('Gone said: still there?');
    await expect(rig.livekit.call({ metadata: { agent: 'gone' } })).rejects.toThrow('all refused');
  });

  test.each([
    ['inProcess()', inProcess],
    ['cloning()', cloning],
  ])(
    'an agent that is removed or replaced after a call was accepted for it still runs that call: %s',
    async (_name, isolation) => {
      const { pool } = await rig.registered({
        isolation: isolation(),
        agents: { echo: () => new EchoAgent(), gone: () => new EchoAgent('Gone') },
      });
      const { faults } = rig.livekit;
      faults.holdAssignments();
      const calling = rig.livekit.call({ metadata: { agent: 'gone' } });
      await rig.livekit.until(() => faults.heldAssignments === 1);
      pool.remove('gone');
      faults.releaseAssignments();
      const call = await calling;
      expect(await call.say('hello')).toBe('Gone said: hello');

      faults.holdAssignments();
      const callingAgain = rig.livekit.call({ metadata: { agent: 'echo' } });
      await rig.livekit.until(() => faults.heldAssignments === 1);
      pool.remove('echo');
      pool.add('echo', () => new EchoAgent('New echo'));
      faults.releaseAssignments();
      const replaced = await callingAgain;
      expect(await replaced.say('hello')).toBe('You said: hello');
      const next = await rig.livekit.call({ metadata: { agent: 'echo' } });
      expect(await next.say('hello')).toBe('New echo said: hello');
      expect(pool.runtimeSnapshot().totalSessionFailures).toBe(0);
    },
  );

  test('a name for explicit dispatch is registered, and only calls for it arrive', async () => {
    await rig.registered({ agentName: 'front-desk' });
    expect(rig.livekit.workers).toMatchObject([{ agentName: 'front-desk' }]);
    const call = await rig.livekit.call({ agentName: 'front-desk' });
    expect(await call.say('hello')).toBe('You said: hello');
    await expect(rig.livekit.call()).rejects.toThrow('none is registered without an agent name');
  });

  test('each call has an agent of its own', async () => {
    const built: voice.Agent[] = [];
    await rig.registered({
      agents: {
        echo: () => {
          built.push(new EchoAgent());
          return built.at(-1)!;
        },
      },
    });
    await Promise.all([rig.livekit.call(), rig.livekit.call()]);
    expect(new Set(built).size).toBe(2);
  });
});
