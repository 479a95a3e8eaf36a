import { voice } from '@livekit/agents';
import { describe, expect, test, vi } from 'vitest';

import { raise } from '../session/contained-failures.fixture.js';
import { HOOK_MS } from '../call/session-limits.js';
import { HookWatch } from './watch-hooks.js';
import { call, hooks, WatchedAgents } from './watched-agents.fixture.js';

const agents = new WatchedAgents();

const hostile = Object.defineProperty({}, 'message', {
  get() {
    throw new Error('no');
  },
});

describe.each(hooks)('%s', (hook) => {
  test.each([new Error('boom'), 'boom', undefined, hostile])(
    'that throws or rejects is reported, and fails unchanged',
    async (error) => {
      const throwing = agents.with(hook, () => raise(error));
      await expect((async () => call(throwing, hook))()).rejects.toBe(error);
      const rejecting = agents.with(hook, async () => raise(error));
      await expect(call(rejecting, hook)).rejects.toBe(error);
      expect(agents.reported).toEqual([
        { agent: throwing, hook, error },
        { agent: rejecting, hook, error },
      ]);
    },
  );

  test('that succeeds gets the same arguments and returns the same result', async () => {
    const seen: unknown[] = [];
    const agent = agents.with(hook, async function (this: unknown, ...args) {
      seen.push(this, args);
      return 'result';
    });
    expect(await call(agent, hook, 1, 2)).toBe('result');
    expect(seen).toEqual([agent, [1, 2]]);
    expect(agents.reported).toEqual([]);
  });

  test('that an agent does not override is left unchanged', () => {
    const agent = new voice.Agent({ instructions: '' });
    agents.watch.watch(agent);
    expect(Object.hasOwn(agent, hook)).toBe(false);
  });

  test('that the agent itself stops is not a fault', async () => {
    for (const error of [new voice.StopResponse(), new DOMException('off', 'AbortError')]) {
      const agent = agents.with(hook, async () => {
        throw error;
      });
      await expect(call(agent, hook)).rejects.toBe(error);
    }
    expect(agents.reported).toEqual([]);
  });
});

test('private fields and super work, and the SDK still sees the prototype of the agent', async () => {
  class Base extends voice.Agent {
    override async transcriptionNode(
      ...[text, settings]: Parameters<voice.Agent['transcriptionNode']>
    ) {
      return super.transcriptionNode(text, settings);
    }
  }
  class Own extends Base {
    readonly #secret = 'mine';
    override async onEnter(): Promise<void> {
      throw new Error(this.#secret);
    }
  }
  const agent = new Own({ instructions: '' });
  agents.watch.watch(agent);
  await expect(agent.onEnter()).rejects.toThrow('mine');
  const node = await agent.transcriptionNode(ReadableStream.from(['words']), {});
  const words: unknown[] = [];
  for await (const word of node ?? []) words.push(word);
  expect(words).toEqual(['words']);
  const prototype = Object.getPrototypeOf(agent) as voice.Agent;
  expect(Reflect.get(prototype, 'sttNode')).toBe(Reflect.get(voice.Agent.prototype, 'sttNode'));
  expect(Object.keys(agent)).not.toContain('onEnter');
});

test('of an agent made by Agent.create() only the hooks it was given are wrapped', async () => {
  const agent = voice.Agent.create({
    instructions: '',
    onEnter: () => {
      throw new Error('boom');
    },
    llmNode: async function* () {
      yield 'a';
      throw new Error('late');
    },
  });
  agents.watch.watch(agent);
  expect(hooks.filter((hook) => Object.hasOwn(agent, hook))).toEqual(['onEnter', 'llmNode']);
  await expect(agent.onEnter()).rejects.toThrow('boom');
  const node = await agent.llmNode(agent.chatCtx.copy(), agent.toolCtx, {});
  // The SDK's adapter reads ahead, so the error may come before the chunk.
  await expect(node?.pipeTo(new WritableStream())).rejects.toThrow('late');
  expect(agents.reported.map(({ hook }) => hook)).toEqual(['onEnter', 'llmNode']);
});

test('an agent that takes over again is wrapped once, and its errors go to the call it serves', async () => {
  const agent = agents.with('onEnter', () => {
    throw new Error('boom');
  });
  const errors: unknown[] = [];
  const next = new HookWatch((_agent, _hook, error) => void errors.push(error));
  agents.watch.watch(agent);
  next.watch(agent);
  expect(() => agent.onEnter()).toThrow('boom');
  expect([agents.reported.length, errors.length]).toEqual([0, 1]);
});

test('a frozen agent works unchanged', () => {
  class Own extends voice.Agent {
    override onEnter(): Promise<void> {
      throw new Error('boom');
    }
  }
  const agent = new Own({ instructions: '' });
  Object.freeze(agent);
  agents.watch.watch(agent);
  expect(() => agent.onEnter()).toThrow('boom');
});

test('a turn waits only a limited time for onUserTurnCompleted, and leaves no timer', async () => {
  vi.useFakeTimers();
  let fail!: (error: Error) => void;
  const agent = agents.with(
    'onUserTurnCompleted',
    () => new Promise((_resolve, reject) => (fail = reject)),
  );
  const turn = expect(call(agent, 'onUserTurnCompleted')).rejects.toMatchObject({
    code: 'SESSION_HOOK_TIMEOUT',
  });
  await vi.advanceTimersByTimeAsync(HOOK_MS);
  await turn;
  fail(new Error('late'));
  await vi.advanceTimersByTimeAsync(0);
  expect(agents.reported).toHaveLength(1);
  await call(
    agents.with('onUserTurnCompleted', async () => {}),
    'onUserTurnCompleted',
  );
  expect(vi.getTimerCount()).toBe(0);
});

test('the timers are cleared at the end of the call', async () => {
  vi.useFakeTimers();
  const agent = agents.with('onUserTurnCompleted', () => new Promise(() => {}));
  void call(agent, 'onUserTurnCompleted');
  expect(vi.getTimerCount()).toBe(1);
  agents.watch.close();
  expect(vi.getTimerCount()).toBe(0);
});

test.each(hooks.filter((hook) => hook !== 'onUserTurnCompleted'))(
  '%s has no time limit',
  async (hook) => {
    vi.useFakeTimers();
    const agent = agents.with(hook, () => new Promise(() => {}));
    void call(agent, hook);
    expect(vi.getTimerCount()).toBe(0);
  },
);
