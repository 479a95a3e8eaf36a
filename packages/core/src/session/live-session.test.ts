import { initializeLogger, llm, voice } from '@livekit/agents';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';

import type { AgentClass, AgentConfig } from '../agents/agent-options.js';
import { deferred } from '../base/deferred.js';
import type { PrewarmedCall } from '../call/call.js';
import type { CodeEvent } from '../call/code-change.js';
import { pinReload } from '../sdk/reload-pins.js';
import { HookWatch } from '../watch/watch-hooks.js';
import { LiveSession } from './live-session.js';
import type { NewCode } from './renew-call.js';

initializeLogger({ pretty: false, level: 'silent' });

const info = { jobId: 'AJ_1', agent: 'waiter' } as PrewarmedCall;

interface Version {
  readonly text: string;
  /** @param tools - the names of the tools of the turn */
  readonly node?: (tools: readonly string[]) => Promise<string>;
  readonly constructed?: () => void;
  readonly model?: string;
}

/** The code of the agent in some version. */
function waiter({ text, node, constructed, model }: Version): AgentClass {
  return class Waiter extends voice.Agent {
    entered = 0;
    asked: string[] = [];
    constructor() {
      super({
        instructions: text,
        ...(model === undefined ? {} : { llm: new NamedLLM(model) }),
        tools: [
          llm.tool({
            name: text,
            description: '',
            parameters: z.object({}),
            execute: async () => text,
          }),
        ],
      });
      constructed?.();
    }
    override async onEnter(): Promise<void> {
      this.entered += 1;
    }
    override async llmNode(_chatCtx: llm.ChatContext, tools: llm.ToolContext): Promise<never> {
      this.asked.push(text);
      const names = Object.keys(tools.functionTools);
      const said = `${await (node?.(names) ?? Promise.resolve(text))} ${this.asked.join('+')}`;
      return new ReadableStream({
        start(controller) {
          controller.enqueue(said);
          controller.close();
        },
      }) as never;
    }
  };
}

let session: voice.AgentSession;
let agent: voice.Agent & { entered: number };
let hooks: HookWatch;
let live: LiveSession;
let events: CodeEvent[];
let generations: number;

async function start(first: AgentClass): Promise<void> {
  session = new voice.AgentSession({ llm: new NoLLM() });
  agent = new first() as typeof agent;
  hooks = new HookWatch(() => {});
  hooks.watch(agent);
  const config: AgentConfig = { name: 'waiter', revision: 0, agent: first };
  live = new LiveSession({
    info,
    config,
    hooks,
    session,
    generation: 0,
    onChange: (event) => void events.push(event),
    ofTenant: (config) => config,
    onWarning: (error) => {
      throw error;
    },
  });
  await session.start({ agent });
}

/** Never asked: the agents answer themselves. */
class NoLLM extends llm.LLM {
  override label(): string {
    return 'none';
  }
  override chat(): never {
    throw new Error('it was asked');
  }
}

class NamedLLM extends NoLLM {
  readonly #name: string;
  constructor(name: string) {
    super();
    this.#name = name;
  }
  override get model(): string {
    return this.#name;
  }
}

/** A change to this class. */
const to = (next: AgentClass | undefined): NewCode => ({
  generation: (generations += 1),
  successor: () => next,
  agent: () => undefined,
});

async function ask(): Promise<string | undefined> {
  const handle = session.generateReply({ userInput: 'hello' });
  await handle.waitForPlayout();
  const last = session.history.items.findLast((item) => item.type === 'message');
  return last?.textContent;
}

async function handOver(from: voice.Agent, next: voice.Agent): Promise<void> {
  session.updateAgent(next);
  await vi.waitUntil(() => from._agentActivity === undefined && next._agentActivity !== undefined);
  await next._agentActivity?._onEnterTask?.result;
}

beforeEach(() => {
  events = [];
  generations = 0;
});

afterEach(async () => {
  live.end();
  await session.close();
});

test('a call gets the new code at once when no turn is under way, with all that it has', async () => {
  await start(waiter({ text: 'one' }));
  expect(await ask()).toBe('one one');
  const changed = await live.change(to(waiter({ text: 'two' })));
  expect(changed).toEqual({ kind: 'code', jobId: 'AJ_1', generation: 1, result: 'renewed' });
  expect(await ask()).toBe('two one+two');
  expect([agent.entered, agent.instructions, Object.keys(agent.toolCtx.functionTools)]).toEqual([
    1,
    'two',
    ['two'],
  ]);
  expect(session.history.items.filter(({ type }) => type === 'message')).toHaveLength(4);
  expect([live.generation, events]).toEqual([1, [changed]]);
});

test('a turn that is under way ends on the code it began with; the last change wins', async () => {
  const gate = deferred<void>();
  const slow = async () => {
    await gate.promise;
    return 'one';
  };
  await start(waiter({ text: 'one', node: slow }));
  const turn = ask();
  await Promise.resolve();
  expect(await live.change(to(waiter({ text: 'two' })))).toMatchObject({ result: 'next_turn' });
  expect(await live.change(to(waiter({ text: 'three' })))).toMatchObject({ result: 'next_turn' });
  gate.resolve();
  expect(await turn).toBe('one one');
  await vi.waitUntil(() => events.length > 0);
  expect(await ask()).toBe('three one+three');
  expect(events).toEqual([{ kind: 'code', jobId: 'AJ_1', generation: 2, result: 'renewed' }]);
});

test('a caller who types over the agent is answered by the new code, with its tools', async () => {
  const never = deferred<string>();
  await start(waiter({ text: 'one', node: () => never.promise }));
  const first = session.generateReply({ userInput: 'hello' });
  await Promise.resolve();
  let seen: readonly string[] = [];
  const node = async (tools: readonly string[]) => {
    seen = tools;
    return 'two';
  };
  expect(await live.change(to(waiter({ text: 'two', node })))).toMatchObject({
    result: 'next_turn',
  });
  // As the SDK does when text comes.
  session.interrupt();
  const second = session.generateReply({ userInput: 'are you there?' });
  expect(events).toMatchObject([{ generation: 1, result: 'renewed' }]);
  never.resolve('one');
  await Promise.all([first.waitForPlayout(), second.waitForPlayout()]);
  const last = session.history.items.findLast((item) => item.type === 'message');
  expect([last?.textContent, seen]).toEqual(['two one+two', ['two']]);
});

test('an agent that adds to what it says goes on with its code', async () => {
  const gate = deferred<string>();
  await start(waiter({ text: 'one', node: () => gate.promise }));
  const first = session.generateReply({ userInput: 'hello' });
  await Promise.resolve();
  await live.change(to(waiter({ text: 'two' })));
  const more = session.generateReply({ userInput: 'and one more thing' });
  expect(events).toEqual([]);
  gate.resolve('one');
  await Promise.all([first.waitForPlayout(), more.waitForPlayout()]);
});

test('a pinned call gets it when the last pin is released', async () => {
  await start(waiter({ text: 'one' }));
  const outer = pinReload(session);
  const inner = pinReload(session);
  expect(await live.change(to(waiter({ text: 'two' })))).toMatchObject({ result: 'pinned' });
  inner.release();
  inner.release();
  expect(await ask()).toBe('one one');
  outer.release();
  await new Promise((resolve) => setImmediate(resolve));
  expect(await ask()).toBe('two one+two');
  expect(events).toMatchObject([{ generation: 1, result: 'renewed' }]);
});

test('a constructor that throws leaves the call as it was', async () => {
  await start(waiter({ text: 'one' }));
  const constructed = () => {
    throw new Error('no oven');
  };
  const changed = await live.change(to(waiter({ text: 'two', constructed })));
  expect(changed).toEqual({
    kind: 'code',
    jobId: 'AJ_1',
    generation: 0,
    result: 'kept_old',
    why: 'Waiter: no oven',
  });
  expect(await ask()).toBe('one one');
});

test('new code that fails in its first turn is undone, and the old code answers that turn', async () => {
  await start(waiter({ text: 'one' }));
  const node = () => Promise.reject(new Error('no oven'));
  await live.change(to(waiter({ text: 'two', node })));
  expect(await ask()).toBe('one two+one');
  expect(events.at(-1)).toMatchObject({
    generation: 0,
    result: 'undone',
    why: 'llmNode: no oven',
  });
  expect([agent.instructions, Object.keys(agent.toolCtx.functionTools)]).toEqual(['one', ['one']]);
  // The next change is a new one.
  await live.change(to(waiter({ text: 'three' })));
  expect(await ask()).toBe('three two+one+three');
});

test('a call whose agent has not changed, or is gone, keeps its code', async () => {
  const One = waiter({ text: 'one' });
  await start(One);
  expect(await live.change(to(One))).toMatchObject({ generation: 1, result: 'unchanged' });
  expect(await live.change(to(undefined))).toMatchObject({ generation: 2, result: 'unchanged' });
  expect(await ask()).toBe('one one');
});

test('a call gets the model of the new code when it is another one, and its own back when that is undone', async () => {
  await start(waiter({ text: 'one', model: 'small' }));
  const small = agent.llm;
  await live.change(to(waiter({ text: 'two', model: 'small' })));
  expect(await ask()).toBe('two two');
  expect(agent.llm).toBe(small);
  const node = () => Promise.reject(new Error('no oven'));
  await live.change(to(waiter({ text: 'three', model: 'large', node })));
  await vi.waitUntil(() => (agent.llm as llm.LLM).model === 'large');
  expect(await ask()).toBe('two two+three+two');
  await vi.waitUntil(() => agent.llm === small);
});

test('an agent that has handed over gets the new code as well, and has it when it takes over again', async () => {
  await start(waiter({ text: 'one', model: 'small' }));
  const first = agent;
  const second = new (waiter({ text: 'other' }))();
  hooks.watch(second);
  await handOver(first, second);
  expect(await live.change(to(waiter({ text: 'two', model: 'large' })))).toMatchObject({
    result: 'renewed',
  });
  expect(await ask()).toBe('two two');
  await handOver(second, first);
  expect(await ask()).toBe('two two');
  expect((first.llm as llm.LLM).model).toBe('large');
});
