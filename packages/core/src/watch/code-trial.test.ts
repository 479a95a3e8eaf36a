import { voice } from '@livekit/agents';
import { ReadableStream } from 'node:stream/web';
import { beforeEach, expect, test } from 'vitest';

import { renewAgent } from '../sdk/renew-agent.js';
import { CodeTrial } from './code-trial.js';
import { HookWatch } from './watch-hooks.js';

type Node = (...args: unknown[]) => Promise<unknown>;

let errors: string[];
let undone: string[];
let hooks: HookWatch;

beforeEach(() => {
  errors = [];
  undone = [];
  hooks = new HookWatch((_agent, hook, error) => void errors.push(`${hook}: ${String(error)}`));
});

/** A class whose `llmNode` and `onUserTurnCompleted` do this. */
function agentClass(node: (...args: unknown[]) => unknown) {
  return class extends voice.Agent {
    constructor() {
      super({ instructions: '' });
    }
    override async llmNode(...args: unknown[]): Promise<never> {
      return (await node.apply(this, args)) as never;
    }
    override async ttsNode(...args: unknown[]): Promise<never> {
      return (await node.apply(this, args)) as never;
    }
  };
}

const streamOf = (...pieces: unknown[]) =>
  new ReadableStream({
    start(controller) {
      for (const piece of pieces)
        if (piece instanceof Error) controller.error(piece);
        else controller.enqueue(piece);
      if (!pieces.some((piece) => piece instanceof Error)) controller.close();
    },
  });

/** Like a stream, but it fails when what comes before has been read. */
async function* iterated(...pieces: unknown[]) {
  for (const piece of pieces) {
    if (piece instanceof Error) throw piece;
    yield piece;
  }
}

async function read(stream: unknown): Promise<string> {
  let text = '';
  for await (const piece of stream as AsyncIterable<string>) text += piece;
  return text;
}

/** A live agent of the old code that has got new code on trial. */
function renewed(node: (...args: unknown[]) => unknown): Record<'llmNode' | 'ttsNode', Node> {
  const Old = agentClass(() => streamOf('old'));
  const New = agentClass(node);
  const live = new Old();
  hooks.watch(live);
  let undo = () => {};
  const trial = new CodeTrial((part, error) => {
    undone.push(`${part}: ${String(error)}`);
    hooks.rewrap(live, undo, undefined);
  });
  ({ undo } = hooks.rewrap(live, () => renewAgent(live, New, () => new New()), trial));
  return live;
}

test('new code that works stays', async () => {
  const live = renewed(() => streamOf('n', 'ew'));
  expect([await read(await live.llmNode()), await read(await live.llmNode())]).toEqual([
    'new',
    'new',
  ]);
  expect({ undone, errors }).toEqual({ undone: [], errors: [] });
});

const failed = new Error('no oven');
const failing: readonly [string, (...args: unknown[]) => unknown][] = [
  [
    'throws',
    () => {
      throw failed;
    },
  ],
  ['rejects', () => Promise.reject(failed)],
  ['returns a stream that fails', () => streamOf(failed)],
  ['returns an iterable that fails', () => iterated(failed)],
];

test.each(failing)('a node that %s at first is answered by the old code', async (_how, node) => {
  const live = renewed(node);
  expect(await read(await live.llmNode())).toBe('old');
  expect(await read(await live.llmNode())).toBe('old');
  // It cost the caller nothing, so it is not counted as a failure of the call.
  expect({ undone, errors }).toEqual({ undone: ['llmNode: Error: no oven'], errors: [] });
});

test('a node that has said something when it fails is undone, and the error is passed on', async () => {
  const live = renewed(() => iterated('said ', failed));
  await expect(read(await live.llmNode())).rejects.toThrow('no oven');
  expect(await read(await live.llmNode())).toBe('old');
  expect({ undone, errors }).toEqual({
    undone: ['llmNode: Error: no oven'],
    errors: ['llmNode: Error: no oven'],
  });
});

test('a node that has read from its input is undone, and the error is passed on', async () => {
  const live = renewed(async (text) => {
    await read(text);
    throw failed;
  });
  await expect(live.ttsNode(streamOf('text'))).rejects.toThrow('no oven');
  expect(undone).toEqual(['ttsNode: Error: no oven']);
});

test('what has worked once is no longer on trial, but the rest is', async () => {
  let times = 0;
  const live = renewed(() => {
    times += 1;
    if (times > 1) throw failed;
    return streamOf('new');
  });
  expect(await read(await live.llmNode())).toBe('new');
  await expect(live.llmNode()).rejects.toThrow('no oven');
  expect(undone).toEqual([]);
  expect(await read(await live.ttsNode())).toBe('old');
  expect(undone).toEqual(['ttsNode: Error: no oven']);
});

test('a StopResponse is no failure', async () => {
  const live = renewed(() => {
    throw new voice.StopResponse();
  });
  await expect(live.llmNode()).rejects.toThrow(voice.StopResponse);
  expect({ undone, errors }).toEqual({ undone: [], errors: [] });
});
