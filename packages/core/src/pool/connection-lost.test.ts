import { getJobContext, voice } from '@livekit/agents';
import { DisconnectReason, RoomEvent } from '@livekit/rtc-node';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { EchoLLM } from '../testing/providers/echo-llm.js';
import { PoolHarness } from './pool-harness.js';

let rig: PoolHarness;

beforeEach(async () => {
  rig = await PoolHarness.start();
});

afterEach(() => rig.close());

test('calls that lose their room for good fail, and do not count against the worker', async () => {
  const reply = () => {
    // What rtc-node says when it has given up.
    getJobContext().room.emit(RoomEvent.Disconnected, DisconnectReason.UNKNOWN_REASON);
    return '';
  };
  const { pool } = await rig.registered({
    defaults: { llm: () => new EchoLLM({ reply }) },
    agents: { cut: () => new voice.Agent({ instructions: '' }) },
    consecutiveFailureLimit: 2,
  });
  for (const room of ['one', 'two', 'three']) {
    const call = await rig.livekit.call({ room });
    const unanswered = call.say('hello').catch((error: unknown) => error);
    expect(await rig.ends.of(call.jobId)).toMatchObject({
      status: 'failed',
      error: { code: 'SESSION_CONNECTION_LOST' },
    });
    expect(await call.ended).toMatchObject({ status: 'failed' });
    await unanswered;
  }
  expect(pool.runtimeSnapshot()).toMatchObject({
    state: 'running',
    totalSessionFailures: 3,
    consecutiveFailures: 0,
  });
});
