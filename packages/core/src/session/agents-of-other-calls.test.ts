import { llm, voice } from '@livekit/agents';
import { describe, expect, test } from 'vitest';

import type { PrewarmedCall } from '../call/call.js';
import type { AgentPoolOptions } from '../options/pool-options.js';
import { cloning } from '../testing/cloning-isolation.js';
import type { EmbeddedCall } from '../testing/embedded/embedded-call.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import { NOW, Talker, handingOver, quietWithTool } from './contained-failures.fixture.js';
import { rig, start } from './contained-rig.fixture.js';

/*
 * An instance of an agent that one call has used never runs in another, because it has the conversation of its caller.
 * The agents here are what a user writes who expects one call in each process.
 */

const HERE = 'Here.';
const SECRET = 'my card is 4111';
const sharedLLM = () => new EchoLLM({ reply: (text) => `shared: ${text}` });

class Shared extends Talker {
  constructor() {
    super({ llm: sharedLLM() });
  }
}

class SharedTask extends voice.AgentTask<string> {
  constructor() {
    super({ instructions: '', llm: sharedLLM() });
  }

  override async onEnter(): Promise<void> {
    this.session.say(HERE);
  }
}

/** Runs as a module does, once for all calls, and returns the factory of the agent. */
type UserModule = () => (call: PrewarmedCall) => voice.Agent | Promise<voice.Agent>;

const when = [
  ['after that call', true],
  ['during that call', false],
] as const;

const register = (module: UserModule, options?: AgentPoolOptions) =>
  start(module() as () => voice.Agent, options);
const dial = () => rig().livekit.call({ metadata: { agent: 'faulty' } });
const faulty = (code: RegExp) =>
  rig().log.lines.filter(({ level, message }) => level === 'error' && code.test(message));

/** Reads replies until one is `text`. */
async function until(call: EmbeddedCall, text: string): Promise<void> {
  while ((await call.nextReply()) !== text);
}

/** The first caller tells the shared agent a secret. */
async function tell(call: EmbeddedCall, over: boolean): Promise<void> {
  await call.type(SECRET);
  await until(call, `shared: ${SECRET}`);
  if (!over) return;
  call.hangUp();
  await rig().ends.of(call.jobId);
}

const firstAgents: [where: string, module: UserModule, options?: AgentPoolOptions][] = [
  [
    'a factory that returns an instance of its module',
    () => {
      const one = new Shared();
      return () => one;
    },
  ],
  [
    'an asynchronous factory that keeps what it has built',
    () => {
      let one: Shared | undefined;
      return async () => (one ??= new Shared());
    },
  ],
  [
    'a constructor that returns a singleton',
    () => {
      const one = new Shared();
      return class extends Talker {
        constructor() {
          super();
          return one;
        }
      } as unknown as () => voice.Agent;
    },
  ],
  [
    'a value of prewarm',
    () => (call) => call.prewarmed.one as voice.Agent,
    { prewarm: { one: () => new Shared() } },
  ],
];

describe.each(when)('the first agent of a call that begins %s', (_when, over) => {
  test.each(firstAgents)('%s', async (_where, module, options) => {
    await register(module, options);
    const first = await dial();
    await until(first, HERE);
    await tell(first, over);

    const second = rig().livekit.dispatch({ metadata: { agent: 'faulty' } });
    expect(await rig().ends.of(second)).toMatchObject({
      status: 'failed',
      causedBy: 'agent',
      error: {
        code: 'SESSION_AGENT_REUSED',
        message: expect.stringMatching(/used by another call.*build it in the factory.*new Shared/),
      },
    });
    if (!over) expect(await first.say('still there?')).toBe('shared: still there?');
  });
});

const takers: [where: string, module: UserModule][] = [
  [
    'llm.handoff() to an instance of the module',
    () => {
      const shared = new Shared();
      return () => handingOver(() => shared);
    },
  ],
  [
    'llm.handoff() with an output for the model',
    () => {
      const shared = new Shared();
      return () => quietWithTool(() => llm.handoff({ agent: shared, returns: 'done' }));
    },
  ],
  [
    'llm.handoff() to a static field',
    () => {
      class Billing extends Shared {
        static readonly one = new Billing();
      }
      return () => handingOver(() => Billing.one);
    },
  ],
  [
    'llm.handoff() to an agent of Agent.create()',
    () => {
      const shared = voice.Agent.create({
        instructions: '',
        llm: sharedLLM(),
        onEnter: ({ session }) => void session.say(HERE),
      });
      return () => handingOver(() => shared);
    },
  ],
  [
    'llm.handoff() to a task',
    () => {
      const shared = new SharedTask();
      return () => handingOver(() => shared);
    },
  ],
  [
    'session.updateAgent()',
    () => {
      const shared = new Shared();
      return () => {
        const agent = quietWithTool(() => agent.session.updateAgent(shared));
        return agent;
      };
    },
  ],
  [
    'a task that is run again',
    () => {
      const shared = new SharedTask();
      return () => quietWithTool(() => shared.run());
    },
  ],
];

describe.each(when)('an agent that takes over %s', (_when, over) => {
  test.each(takers)('%s', async (_where, module) => {
    const { pool, faults } = await register(module);
    const first = await dial();
    await first.type(NOW);
    await until(first, HERE);
    await tell(first, over);
    expect(faulty(/./)).toEqual([]);

    const second = await dial();
    expect(await second.say(NOW)).toMatch(/^You said: .*internal error occurred/);
    expect(await second.say('still there?')).toBe('You said: still there?');
    expect(faulty(/cannot take over: another call has used this instance/)).toMatchObject([
      { fields: { code: 'SESSION_AGENT_REUSED' } },
    ]);
    expect(pool.runtimeSnapshot().totalToolErrors).toBe(1);
    second.hangUp();
    await rig().ends.of(second.jobId);
    expect(faults.get(second.jobId)).toMatchObject({ toolErrors: 1, hookErrors: 0 });
    if (!over) expect(await first.say('still there?')).toBe('shared: still there?');
  });
});

test('a call that an isolation runs elsewhere is no other case', async () => {
  const [, module] = takers[0]!;
  const { pool } = await register(module, { isolation: cloning() });
  const first = await dial();
  await first.type(NOW);
  await until(first, HERE);
  await tell(first, true);
  const second = await dial();
  expect(await second.say(NOW)).toMatch(/^You said: The hand-off failed/);
  expect(pool.runtimeSnapshot().totalToolErrors).toBe(1);
});

test('a task of another call that onEnter runs is an error of that hook', async () => {
  class Asking extends Talker {
    override async onEnter(): Promise<void> {
      await task.run();
    }
  }
  const task = new SharedTask();
  const { pool } = await register(() => () => new Asking());
  await until(await dial(), HERE);
  const second = await dial();
  await rig().log.until('onEnter failed: This SharedTask cannot take over');
  expect(pool.runtimeSnapshot().totalHookErrors).toBe(1);
  expect(await second.say('hello')).toBe('You said: hello');
});

test('a second session of a call gets no agent of another call', async () => {
  const shared = new Shared();
  const { pool } = await register(() => () => {
    return quietWithTool(async () => {
      await new voice.AgentSession({ llm: new EchoLLM() }).start({ agent: shared });
      return 'started';
    });
  });
  const first = await dial();
  expect(await first.say(NOW)).toBe('You said: "started"');
  first.hangUp();
  await rig().ends.of(first.jobId);
  expect(await (await dial()).say(NOW)).toBe('You said: An internal error occurred');
  expect(pool.runtimeSnapshot().totalToolErrors).toBe(1);
});

test('code outside of any call cannot give a session the agent of another call', async () => {
  const shared = new Shared();
  const sessions: voice.AgentSession[] = [];
  await register(() => () => handingOver(() => shared), {
    setup: (_ctx, session) => void sessions.push(session),
  });
  const first = await dial();
  await first.type(NOW);
  await until(first, HERE);
  const second = await dial();
  expect(await second.say('hello')).toBe('You said: hello');
  expect(() => sessions.at(-1)!.updateAgent(shared)).toThrow(/another call has used/);
  expect(await second.say('still there?')).toBe('You said: still there?');
});

test('within one call an agent may take over as often as it likes', async () => {
  class Other extends Talker {
    constructor(next: () => voice.Agent) {
      super({ ...optionsOf(handingOver(next)) });
    }
  }
  const { pool, faults } = await register(() => () => {
    const one: voice.Agent = new Other(() => two);
    const two: voice.Agent = new Other(() => one);
    return one;
  });
  const call = await dial();
  await until(call, HERE);
  for (let round = 0; round < 4; round += 1) {
    await call.type(NOW);
    await until(call, HERE);
  }
  expect(await call.say('hello')).toBe('You said: hello');
  call.hangUp();
  await rig().ends.of(call.jobId);
  expect(faults.get(call.jobId)).toMatchObject({ toolErrors: 0, hookErrors: 0 });
  expect(pool.runtimeSnapshot().totalToolErrors).toBe(0);
});

test('a hand-off that the SDK cannot make is reported, and ends the call, which has no agent any more', async () => {
  class Waiting extends voice.AgentTask<string> {
    constructor() {
      super({ instructions: '', llm: new EchoLLM() });
    }

    override async onEnter(): Promise<void> {
      // The agent that waits for this task is still running.
      this.session.updateAgent(parent);
    }
  }
  const parent: voice.Agent = quietWithTool(() => new Waiting().run());
  const { pool } = await register(() => () => parent);
  const call = await dial();
  await call.type(NOW);
  await rig().log.until('updateAgent failed: ');
  expect(pool.runtimeSnapshot().totalHookErrors).toBe(1);
  expect(await rig().ends.of(call.jobId)).toMatchObject({
    status: 'failed',
    causedBy: 'agent',
    error: { code: 'SESSION_AGENT_FAILED', message: expect.stringMatching(/already running/) },
  });
});

/** The model and the tools of an agent, for one of another class. */
function optionsOf({ llm: model, toolCtx }: voice.Agent): Partial<voice.AgentOptions<unknown>> {
  return { ...(model === undefined ? {} : { llm: model }), tools: toolCtx.tools };
}
