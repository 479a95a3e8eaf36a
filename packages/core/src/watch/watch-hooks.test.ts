import { initializeLogger, voice } from '@livekit/agents';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

import { raise } from '../session/contained-failures.fixture.js';
import { HOOK_MS } from '../call/session-limits.js';
import { type HookName, HookWatch } from './watch-hooks.js';

beforeAll(() => initializeLogger({ pretty: false, level: 'silent' }));

let reported: { agent: voice.Agent; hook: HookName; error: unknown }[];
let watch: HookWatch;

beforeEach(() => {
  reported = [];
  watch = new HookWatch((agent, hook, error) => void reported.push({ agent, hook, error }));
});

afterEach(() => vi.useRealTimers());

const hooks: HookName[] = [
  'onEnter',
  'onExit',
  'onUserTurnCompleted',
  'onUserTurnExceeded',
  'sttNode',
  'llmNode',
  'ttsNode',
  'transcriptionNode',
  'realtimeAudioOutputNode',
];
const nodes = hooks.filter((hook) => hook.endsWith('Node'));

/** A watched agent of its own class, which overrides one method. */
function agentWith(hook: HookName, method: (...args: unknown[]) => unknown): voice.Agent {
  class Own extends voice.Agent {}
  Object.defineProperty(Own.prototype, hook, { value: method, configurable: true, writable: true });
  const agent = new Own({ instructions: '' });
  watch.watch(agent);
  return agent;
}

const call = (agent: voice.Agent, hook: HookName, ...args: unknown[]) =>
  (agent[hook] as (...given: unknown[]) => unknown).apply(agent, args);

/** As an agent that a session asks. */
const atWork = (agent: voice.Agent) => Object.assign(agent, { _agentActivity: {} });

function locked(): ReadableStream {
  const stream = ReadableStream.from(['a']);
  stream.getReader();
  return stream;
}

const hostile = Object.defineProperty({}, 'message', {
  get() {
    throw new Error('no');
  },
});

describe.each(hooks)('%s', (hook) => {
  test.each([new Error('boom'), 'boom', undefined, hostile])(
    'that throws or rejects is reported, and fails unchanged',
    async (error) => {
      const throwing = agentWith(hook, () => raise(error));
      await expect((async () => call(throwing, hook))()).rejects.toBe(error);
      const rejecting = agentWith(hook, async () => raise(error));
      await expect(call(rejecting, hook)).rejects.toBe(error);
      expect(reported).toEqual([
        { agent: throwing, hook, error },
        { agent: rejecting, hook, error },
      ]);
    },
  );

  test('that succeeds gets the same arguments and returns the same result', async () => {
    const seen: unknown[] = [];
    const agent = agentWith(hook, async function (this: unknown, ...args) {
      seen.push(this, args);
      return 'result';
    });
    expect(await call(agent, hook, 1, 2)).toBe('result');
    expect(seen).toEqual([agent, [1, 2]]);
    expect(reported).toEqual([]);
  });

  test('that an agent does not override is left unchanged', () => {
    const agent = new voice.Agent({ instructions: '' });
    watch.watch(agent);
    expect(Object.hasOwn(agent, hook)).toBe(false);
  });

  test('that the agent itself stops is not a fault', async () => {
    for (const error of [new voice.StopResponse(), new DOMException('off', 'AbortError')]) {
      const agent = agentWith(hook, async () => {
        throw error;
      });
      await expect(call(agent, hook)).rejects.toBe(error);
    }
    expect(reported).toEqual([]);
  });
});

describe.each(nodes)('the result of %s', (hook) => {
  const boom = new Error('boom');

  async function read(result: unknown): Promise<unknown[]> {
    const all: unknown[] = [];
    for await (const chunk of (await result) as AsyncIterable<unknown>) all.push(chunk);
    return all;
  }

  test('is read to its end', async () => {
    const agent = agentWith(hook, async () => ReadableStream.from(['a', 'b']));
    expect(await read(call(agent, hook))).toEqual(['a', 'b']);
    expect(reported).toEqual([]);
  });

  test.each([
    ['a string', 'hello', 'a string'],
    ['an array', ['hello'], 'an array'],
    ['a number', 5, 'a number'],
    ['a function', () => null, 'a function'],
    ['an object', {}, 'no stream'],
    ['an async generator', (async function* () {})(), 'ReadableStream.from(iterable)'],
    ['a stream that is read already', locked(), 'reads already'],
  ])('that is %s is reported once, at once or later, when the agent is at work', async (...row) => {
    const [, value, message] = row;
    const later = atWork(agentWith(hook, async () => value));
    await expect(call(later, hook)).rejects.toThrow(message);
    const direct = atWork(agentWith(hook, () => value));
    expect(() => call(direct, hook)).toThrow(message);
    expect(reported).toMatchObject([
      { agent: later, hook },
      { agent: direct, hook },
    ]);
  });

  test('that is undefined is nothing only where the SDK takes it so', async () => {
    const asked = call(atWork(agentWith(hook, async () => undefined)), hook);
    if (hook === 'transcriptionNode' || hook === 'realtimeAudioOutputNode')
      expect(await asked).toBe(undefined);
    else await expect(asked).rejects.toThrow(`${hook} returned undefined`);
  });

  test.each([
    ['a stream', (source: AsyncIterable<string>) => ReadableStream.from(source)],
    ['an iterable', (source: AsyncIterable<string>) => source],
  ])('that fails later, as %s, is reported once', async (_what, as) => {
    async function* failing() {
      yield 'a';
      throw boom;
    }
    const agent = agentWith(hook, () => as(failing()));
    await expect(read(call(agent, hook))).rejects.toBe(boom);
    expect(reported).toEqual([{ agent, hook, error: boom }]);
  });

  test('is not read before it is requested, and ends when it is cancelled', async () => {
    let made = 0;
    const reasons: unknown[] = [];
    const agent = agentWith(
      hook,
      () =>
        new ReadableStream(
          {
            pull: (controller) => {
              made += 1;
              if (made === 1) controller.enqueue('a');
            },
            cancel: (reason) => void reasons.push(reason),
          },
          { highWaterMark: 0 },
        ),
    );
    const stream = call(agent, hook) as ReadableStream;
    expect(made).toBe(0);
    const reader = stream.getReader();
    expect(await reader.read()).toEqual({ done: false, value: 'a' });
    const pending = reader.read();
    await reader.cancel('enough');
    expect(await pending).toMatchObject({ done: true });
    expect(reasons).toEqual(['enough']);
    expect(reported).toEqual([]);
  });

  test('may be nothing', async () => {
    const agent = atWork(agentWith(hook, async () => null));
    expect(await call(agent, hook)).toBeNull();
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
  watch.watch(agent);
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
  watch.watch(agent);
  expect(hooks.filter((hook) => Object.hasOwn(agent, hook))).toEqual(['onEnter', 'llmNode']);
  await expect(agent.onEnter()).rejects.toThrow('boom');
  const node = await agent.llmNode(agent.chatCtx.copy(), agent.toolCtx, {});
  // The SDK's adapter reads ahead, so the error may come before the chunk.
  await expect(node?.pipeTo(new WritableStream())).rejects.toThrow('late');
  expect(reported.map(({ hook }) => hook)).toEqual(['onEnter', 'llmNode']);
});

test('an agent that takes over again is wrapped once, and its errors go to the call it serves', async () => {
  const agent = agentWith('onEnter', () => {
    throw new Error('boom');
  });
  const errors: unknown[] = [];
  const next = new HookWatch((_agent, _hook, error) => void errors.push(error));
  watch.watch(agent);
  next.watch(agent);
  expect(() => agent.onEnter()).toThrow('boom');
  expect([reported.length, errors.length]).toEqual([0, 1]);
});

test('a frozen agent works unchanged', () => {
  class Own extends voice.Agent {
    override onEnter(): Promise<void> {
      throw new Error('boom');
    }
  }
  const agent = new Own({ instructions: '' });
  Object.freeze(agent);
  watch.watch(agent);
  expect(() => agent.onEnter()).toThrow('boom');
});

test('a turn waits only a limited time for onUserTurnCompleted, and leaves no timer', async () => {
  vi.useFakeTimers();
  let fail!: (error: Error) => void;
  const agent = agentWith(
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
  expect(reported).toHaveLength(1);
  await call(
    agentWith('onUserTurnCompleted', async () => {}),
    'onUserTurnCompleted',
  );
  expect(vi.getTimerCount()).toBe(0);
});

test('the timers are cleared at the end of the call', async () => {
  vi.useFakeTimers();
  const agent = agentWith('onUserTurnCompleted', () => new Promise(() => {}));
  void call(agent, 'onUserTurnCompleted');
  expect(vi.getTimerCount()).toBe(1);
  watch.close();
  expect(vi.getTimerCount()).toBe(0);
});

test.each(hooks.filter((hook) => hook !== 'onUserTurnCompleted'))(
  '%s has no time limit',
  async (hook) => {
    vi.useFakeTimers();
    const agent = agentWith(hook, () => new Promise(() => {}));
    void call(agent, hook);
    expect(vi.getTimerCount()).toBe(0);
  },
);
