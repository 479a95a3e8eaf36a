import { llm, voice } from '@livekit/agents';
import { expect, test } from 'vitest';

import { cloning } from '../testing/cloning-isolation.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import { NOW, Talker, boom, withTool } from '../session/contained-failures.fixture.js';
import { reach, rig, start } from '../session/contained-rig.fixture.js';

class FailingOnEnter extends Talker {
  override async onEnter(): Promise<void> {
    boom();
  }
}

/** A task that fails before it can ask the caller. */
class FailingTask extends voice.AgentTask<string> {
  constructor() {
    super({ instructions: '', llm: new EchoLLM() });
  }

  override async onEnter(): Promise<void> {
    boom();
  }
}

class EndlessTask extends voice.AgentTask<string> {
  constructor() {
    super({ instructions: '', llm: new EchoLLM() });
  }

  override async onEnter(): Promise<void> {
    this.session.say('Your name?');
  }
}

test('session.updateAgent(): the next agent is watched', async () => {
  const { pool } = await start(() => {
    const agent = withTool(() => {
      agent.session.updateAgent(new FailingOnEnter());
      return 'done';
    });
    return agent;
  });
  const { call, greeting } = await reach();
  await greeting;
  call.say(NOW).catch(() => {});
  await rig().log.until('onEnter failed');
  expect(pool.runtimeSnapshot().totalHookErrors).toBe(1);
});

test('an agent task is watched', async () => {
  class Asking extends Talker {
    override async onEnter(): Promise<void> {
      await new FailingTask().run().catch(() => {});
    }
  }
  const { faults } = await start(() => new Asking());
  const call = await rig().livekit.call({ metadata: { agent: 'faulty' } });
  await rig().log.until('onEnter failed');
  const line = rig().log.lines.find(({ message }) => message.startsWith('onEnter failed'));
  expect(line?.fields).toMatchObject({ hook: 'onEnter', agentId: 'failing_task' });
  call.hangUp();
  await rig().ends.of(call.jobId);
  expect(faults.get(call.jobId)).toMatchObject({ hookErrors: 1, toolErrors: 0 });
});

test('a hook that is interrupted because the caller hangs up is not a fault', async () => {
  class Asking extends Talker {
    override async onEnter(): Promise<void> {
      await new EndlessTask().run();
    }
  }
  const { faults } = await start(() => new Asking());
  const { call, greeting } = await reach();
  expect(await greeting).toBe('Your name?');
  call.hangUp();
  await rig().ends.of(call.jobId);
  expect(faults.get(call.jobId)).toMatchObject({ hookErrors: 0, toolErrors: 0 });
});

test('an agent made by Agent.create() is watched through its hooks', async () => {
  const { pool } = await start(() =>
    voice.Agent.create({ instructions: '', llm: new EchoLLM(), onEnter: boom }),
  );
  const call = await rig().livekit.call({ metadata: { agent: 'faulty' } });
  await rig().log.until('onEnter failed');
  expect(await call.say('hello')).toBe('You said: hello');
  expect(pool.runtimeSnapshot().totalHookErrors).toBe(1);
});

test('an agent that calls the default nodes itself works', async () => {
  class Own extends Talker {
    override async llmNode(...args: Parameters<voice.Agent['llmNode']>) {
      return voice.Agent.default.llmNode(this, ...args);
    }
  }
  const { pool } = await start(() => new Own());
  const { call, greeting } = await reach();
  await greeting;
  expect(await call.say('hello')).toBe('You said: hello');
  expect(pool.runtimeSnapshot().totalHookErrors).toBe(0);
});

test('the counts reach the pool from an isolated session', async () => {
  const { faults, pool } = await start(
    () =>
      withTool(() => {
        throw new llm.ToolError('no');
      }),
    {
      isolation: cloning(),
    },
  );
  const { call, greeting } = await reach();
  await greeting;
  expect(await call.say(NOW)).toBe('You said: no');
  call.hangUp();
  await rig().ends.of(call.jobId);
  expect(faults.get(call.jobId)).toMatchObject({ hookErrors: 0, toolErrors: 1 });
  expect(pool.runtimeSnapshot()).toMatchObject({ totalHookErrors: 0, totalToolErrors: 1 });
});
