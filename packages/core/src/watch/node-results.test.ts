import type { voice } from '@livekit/agents';
import { describe, expect, test } from 'vitest';

import { call, hooks, WatchedAgents } from './watched-agents.fixture.js';

const agents = new WatchedAgents();
const nodes = hooks.filter((hook) => hook.endsWith('Node'));

/** As an agent that a session asks. */
const atWork = (agent: voice.Agent) => Object.assign(agent, { _agentActivity: {} });

function locked(): ReadableStream {
  const stream = ReadableStream.from(['a']);
  stream.getReader();
  return stream;
}

describe.each(nodes)('the result of %s', (hook) => {
  const boom = new Error('boom');

  async function read(result: unknown): Promise<unknown[]> {
    const all: unknown[] = [];
    for await (const chunk of (await result) as AsyncIterable<unknown>) all.push(chunk);
    return all;
  }

  test('is read to its end', async () => {
    const agent = agents.with(hook, async () => ReadableStream.from(['a', 'b']));
    expect(await read(call(agent, hook))).toEqual(['a', 'b']);
    expect(agents.reported).toEqual([]);
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
    const later = atWork(agents.with(hook, async () => value));
    await expect(call(later, hook)).rejects.toThrow(message);
    const direct = atWork(agents.with(hook, () => value));
    expect(() => call(direct, hook)).toThrow(message);
    expect(agents.reported).toMatchObject([
      { agent: later, hook },
      { agent: direct, hook },
    ]);
  });

  test('that is undefined is nothing only where the SDK takes it so', async () => {
    const asked = call(atWork(agents.with(hook, async () => undefined)), hook);
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
    const agent = agents.with(hook, () => as(failing()));
    await expect(read(call(agent, hook))).rejects.toBe(boom);
    expect(agents.reported).toEqual([{ agent, hook, error: boom }]);
  });

  test('is not read before it is requested, and ends when it is cancelled', async () => {
    let made = 0;
    const reasons: unknown[] = [];
    const agent = agents.with(
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
    expect(agents.reported).toEqual([]);
  });

  test('may be nothing', async () => {
    const agent = atWork(agents.with(hook, async () => null));
    expect(await call(agent, hook)).toBeNull();
  });
});
