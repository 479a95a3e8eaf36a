import { llm, voice } from '@livekit/agents';
import { describe, expect, test } from 'vitest';

import type { PrewarmedCall } from '../call/call.js';
import type { SessionResult } from '../call/session-result.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import { NOW, SilentSTT, Talker, boom, quietWithTool } from './contained-failures.fixture.js';
import { rig, start } from './contained-rig.fixture.js';

/*
 * An agent that takes over and cannot run: it is refused, and the agent before it goes on, or the call fails. Nobody
 * stays in a call that answers nothing.
 */

type Provided = Partial<voice.AgentOptions<unknown>>;

const given = (options: Record<string, unknown>) => () => new Talker(options);
const withGetter = (name: 'id' | 'llm') => () =>
  Object.defineProperty(new Talker(), name, { get: boom });

const results = new Map<string, SessionResult>();

async function dial(agent: () => voice.Agent) {
  const { calm } = await start(agent, {
    observers: [
      rig().ends,
      {
        onSessionEnd: ({ jobId }: PrewarmedCall, result: SessionResult) =>
          void results.set(jobId, result),
      },
    ],
  });
  const call = await rig().livekit.call({ metadata: { agent: 'faulty' } });
  const end = async () => {
    const outcome = await rig().ends.of(call.jobId);
    return { outcome, ...results.get(call.jobId)! };
  };
  return { calm, call, end };
}

const errors = () => rig().log.lines.filter(({ level }) => level === 'error');

const unfit: [what: string, make: () => unknown, code: string, message: RegExp][] = [
  [
    'whose llm is an object',
    given({ llm: {} }),
    'SESSION_PROVIDER_FAILED',
    /its llm must be an llm\.LLM.*no class/,
  ],
  [
    'whose llm is a number',
    given({ llm: 5 }),
    'SESSION_PROVIDER_FAILED',
    /its llm must be .*a number/,
  ],
  [
    'whose llm is an STT',
    given({ llm: new SilentSTT() }),
    'SESSION_PROVIDER_FAILED',
    /its llm must be .*SilentSTT/,
  ],
  [
    'whose llm is a class',
    given({ llm: EchoLLM }),
    'SESSION_PROVIDER_FAILED',
    /its llm must be .*a class/,
  ],
  [
    'whose stt is an LLM',
    given({ stt: new EchoLLM() }),
    'SESSION_PROVIDER_FAILED',
    /its stt must be .*EchoLLM/,
  ],
  ['whose tts is an object', given({ tts: {} }), 'SESSION_PROVIDER_FAILED', /its tts must be /],
  ['whose vad is an object', given({ vad: {} }), 'SESSION_PROVIDER_FAILED', /its vad must be /],
  ['that is a class', () => Talker, 'SESSION_AGENT_FAILED', /pass an instance: new Talker\(/],
  ['that is null', () => null, 'SESSION_AGENT_FAILED', /null came: pass an instance/],
  [
    'that is undefined',
    () => undefined,
    'SESSION_AGENT_FAILED',
    /undefined came: pass an instance/,
  ],
  ['that is a string', () => 'second', 'SESSION_AGENT_FAILED', /a string came: pass an instance/],
  [
    'that is another object',
    () => ({}),
    'SESSION_AGENT_FAILED',
    /an object came: pass an instance/,
  ],
  ['whose id throws', withGetter('id'), 'SESSION_AGENT_FAILED', /reading it failed: boom/],
  ['whose llm throws', withGetter('llm'), 'SESSION_AGENT_FAILED', /reading it failed: boom/],
];

const ways: [way: string, agent: (next: () => unknown) => voice.Agent][] = [
  ['llm.handoff()', (next) => quietWithTool(() => llm.handoff({ agent: next() as voice.Agent }))],
  [
    'llm.handoff() with an output',
    (next) => quietWithTool(() => llm.handoff({ agent: next() as voice.Agent, returns: 'done' })),
  ],
  [
    'session.updateAgent()',
    (next) => {
      const agent = quietWithTool(() => agent.session.updateAgent(next() as voice.Agent));
      return agent;
    },
  ],
];

const few = new Set([
  'whose llm is an object',
  'that is a class',
  'that is null',
  'whose id throws',
]);

describe.each(ways)('%s to an agent that cannot run is refused', (way, from) => {
  test.each(unfit.filter(([what]) => way === 'llm.handoff()' || few.has(what)))(
    'one %s',
    async (_what, make, code, message) => {
      const { call, end } = await dial(() => from(make));
      expect(await call.say(NOW)).toMatch(/^You said: .*internal error occurred/);
      expect(await call.say('still there?')).toBe('You said: still there?');
      expect(errors().filter(({ message: line }) => message.test(line))).toMatchObject([
        { fields: { code } },
      ]);
      call.hangUp();
      expect(await end()).toMatchObject({
        outcome: { reason: 'caller_left' },
        faults: { toolErrors: 1, hookErrors: 0 },
        turns: { asked: 2, answered: 2 },
      });
    },
  );
});

class Task extends voice.AgentTask<string> {
  constructor(options: Record<string, unknown>) {
    super({ instructions: '', ...(options as Provided) });
  }
}

test('a task with a provider of a wrong class is refused, and the agent that runs it goes on', async () => {
  const { call, end } = await dial(() => quietWithTool(() => new Task({ llm: {} }).run()));
  expect(await call.say(NOW)).toMatch(/internal error occurred/);
  expect(await call.say('still there?')).toBe('You said: still there?');
  call.hangUp();
  expect(await end()).toMatchObject({ faults: { toolErrors: 1, hookErrors: 0 } });
});

test('an error of updateAgent() in onEnter is one of that hook', async () => {
  class Entering extends Talker {
    override async onEnter(): Promise<void> {
      this.session.updateAgent(Talker as unknown as voice.Agent);
    }
  }
  const { call, end } = await dial(() => new Entering());
  await rig().log.until('onEnter failed: The class Talker cannot take over');
  expect(await call.say('still there?')).toBe('You said: still there?');
  call.hangUp();
  expect(await end()).toMatchObject({ faults: { toolErrors: 0, hookErrors: 1 } });
});

test.each([
  ['llm', {}],
  ['llm', 5],
  ['llm', EchoLLM],
  ['stt', new EchoLLM()],
  ['tts', {}],
  ['vad', 'silero'],
])('Agent.updateOptions() with a wrong %s changes nothing', async (slot, value) => {
  const { call, end } = await dial(() => {
    const agent = quietWithTool(() => agent.updateOptions({ [slot]: value }));
    return agent;
  });
  expect(await call.say(NOW)).toMatch(/internal error occurred/);
  expect(await call.say('still there?')).toBe('You said: still there?');
  expect(errors().filter(({ message }) => message.includes(`${slot} must be`))).toMatchObject([
    {
      message: expect.stringMatching(/^voice\.Agent|^Agent/),
      fields: { code: 'SESSION_PROVIDER_FAILED' },
    },
  ]);
  call.hangUp();
  expect(await end()).toMatchObject({ faults: { toolErrors: 1, hookErrors: 0 } });
});

test('Agent.updateOptions() takes another model, and null', async () => {
  const { call } = await dial(() => {
    const agent = quietWithTool(async () => {
      const model = new EchoLLM({ reply: (text) => `new: ${text}` });
      await agent.updateOptions({ llm: model, tts: null });
      return 'done';
    });
    return agent;
  });
  expect(await call.say(NOW)).toBe('new: "done"');
  expect(await call.say('hello')).toBe('new: hello');
});

class Unwilling extends EchoLLM {
  override prewarm(): void {
    boom();
  }
}
class Unnamed extends EchoLLM {
  override get model(): string {
    return boom();
  }
}

/** Is well while it is checked: a tool's hand-off is checked twice. */
function laterUnreadable(): voice.Agent {
  let reads = 0;
  return Object.defineProperty(new Talker(), 'id', {
    get: () => ((reads += 1) > 2 ? boom() : 'second'),
  });
}

const broken: [what: string, make: () => voice.Agent][] = [
  ['whose llm.prewarm() throws', given({ llm: new Unwilling() })],
  ['whose llm has a model that throws', given({ llm: new Unnamed() })],
  [
    'whose turn detection throws',
    () => Object.defineProperty(new Talker(), 'turnHandling', { get: boom }),
  ],
  ['whose id throws later', laterUnreadable],
];

describe.each(ways)('%s to an agent whose start fails ends the call', (_way, from) => {
  test.each(broken)('one %s', async (_what, make) => {
    const { call, calm, end } = await dial(() => from(make));
    call.say(NOW).catch(() => {});
    expect(await end()).toMatchObject({
      outcome: {
        status: 'failed',
        causedBy: 'agent',
        error: {
          code: 'SESSION_AGENT_FAILED',
          message: expect.stringMatching(/Talker could not take over.*: boom/),
        },
      },
      faults: { hookErrors: 1, toolErrors: 0 },
    });
    expect(errors().filter(({ message }) => message === 'updateAgent failed: boom')).toHaveLength(
      1,
    );
    expect(await calm.say('hello')).toBe('You said: hello');
  });
});

test('a task whose start fails ends the call as well', async () => {
  const { call, end } = await dial(() =>
    quietWithTool(() => new Task({ llm: new Unwilling() }).run()),
  );
  call.say(NOW).catch(() => {});
  expect(await end()).toMatchObject({
    outcome: { status: 'failed', causedBy: 'agent', error: { code: 'SESSION_AGENT_FAILED' } },
    faults: { hookErrors: 1 },
  });
});

test('another agent that is asked for at once takes over in place of one whose start fails', async () => {
  const { call, end } = await dial(() => {
    const agent = quietWithTool(() => {
      agent.session.updateAgent(new Talker({ llm: new Unwilling() }));
      agent.session.updateAgent(new Talker());
    });
    return agent;
  });
  await call.type(NOW);
  expect(await call.nextReply()).toBe('Here.');
  expect(await call.say('hello')).toBe('You said: hello');
  call.hangUp();
  expect(await end()).toMatchObject({ faults: { hookErrors: 1 } });
});
