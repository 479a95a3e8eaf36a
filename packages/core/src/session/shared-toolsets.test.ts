import { llm, type voice } from '@livekit/agents';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';

import type { PrewarmedCall } from '../call/call.js';
import type { AgentPoolOptions } from '../options/pool-options.js';
import type { EmbeddedCall } from '../testing/embedded/embedded-call.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import { currentCall } from '../sdk/current-call.js';
import { NOW, Talker, ToolCallingLLM } from './contained-failures.fixture.js';
import { rig } from './contained-rig.fixture.js';

/*
 * A toolset that calls share is set up once and stays open while the pool runs; one of a call is closed with the call. The
 * tool of the toolsets here answers only while its connection is open.
 */

/** What a toolset shares among its tools. */
class Connection {
  open = false;
  setups = 0;
  closes = 0;
  /** The jobs of the calls as part of which it was set up. */
  readonly setUpBy: (string | undefined)[] = [];
  #waiting: (() => void)[] = [];

  readonly setup = async (): Promise<void> => {
    this.setups += 1;
    this.setUpBy.push(currentCall()?.jobId);
    this.open = true;
  };

  readonly aclose = async (): Promise<void> => {
    this.closes += 1;
    this.open = false;
    for (const wake of this.#waiting.splice(0)) wake();
  };

  async untilClosed(times: number): Promise<void> {
    while (this.closes < times) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

const toolOf = (connection: Connection, name = 'act') =>
  llm.tool({
    name,
    description: 'Asks.',
    parameters: z.object({}),
    execute: async () => {
      if (!connection.open) throw new llm.ToolError('the connection is closed');
      return 'data';
    },
  });

type Make = (connection: Connection) => llm.Toolset;

const created: Make = (connection) =>
  llm.Toolset.create({
    id: 'created',
    tools: [toolOf(connection)],
    setup: connection.setup,
    aclose: connection.aclose,
  });

const subclass: Make = (connection) =>
  new (class extends llm.Toolset {
    override setup = connection.setup;
    override aclose = connection.aclose;
  })({ id: 'subclass', tools: [toolOf(connection)] });

class Methods extends llm.Toolset {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    super({ id: 'methods', tools: [toolOf(connection)] });
    this.#connection = connection;
  }

  override async setup(): Promise<void> {
    await this.#connection.setup();
  }

  override async aclose(): Promise<void> {
    await this.#connection.aclose();
  }
}

const inside: Make = (connection) =>
  llm.Toolset.create({ id: 'outer', tools: [created(connection)] });

const kinds: [kind: string, make: Make][] = [
  ['of Toolset.create()', created],
  ['of a subclass with methods', (connection) => new Methods(connection)],
  ['of a subclass with fields', subclass],
  ['inside of another toolset', inside],
];

interface Program {
  readonly agent: (call: PrewarmedCall) => voice.Agent;
  readonly pool?: AgentPoolOptions;
}

const agentWith = (tools?: NonNullable<voice.AgentOptions<unknown>['tools']>) =>
  new Talker({ llm: new ToolCallingLLM(), ...(tools === undefined ? {} : { tools }) });

const ways: [way: string, program: (toolset: llm.Toolset) => Program][] = [
  ['of a module, in the constructor of agents', (set) => ({ agent: () => agentWith([set]) })],
  [
    'in a ToolContext of a module',
    (set) => {
      const context = new llm.ToolContext([set]);
      return { agent: () => agentWith(context) };
    },
  ],
  [
    'in the session options',
    (set) => ({
      agent: () => agentWith(),
      pool: { defaults: { session: { tools: [set] } } },
    }),
  ],
];

const run = ({ agent, pool }: Program) => rig().registered({ ...pool, agents: { tooled: agent } });

async function dial(): Promise<EmbeddedCall> {
  const call = await rig().livekit.call();
  await call.nextReply();
  return call;
}

async function hangUp(call: EmbeddedCall): Promise<void> {
  call.hangUp();
  await rig().ends.of(call.jobId);
}

describe.each(ways)('a toolset %s', (_way, program) => {
  test.each(kinds)(
    '%s stays open when one of the calls that share it ends',
    async (_kind, make) => {
      const connection = new Connection();
      const { pool, running } = await run(program(make(connection)));
      const [first, second] = [await dial(), await dial()];
      expect(await first.say(NOW)).toContain('data');
      await hangUp(first);
      expect(await second.say(NOW)).toContain('data');
      const third = await dial();
      await hangUp(second);
      expect(await third.say(NOW)).toContain('data');
      expect([connection.setups, connection.closes]).toEqual([1, 0]);
      await hangUp(third);
      await pool.drain();
      await running;
      expect([connection.setups, connection.closes]).toEqual([1, 1]);
    },
  );
});

test('a shared toolset is set up as part of no call', async () => {
  const connection = new Connection();
  const set = created(connection);
  await run({ agent: () => agentWith([set]) });
  await dial();
  expect(connection.setUpBy).toEqual([undefined]);
});

describe('a toolset that each call constructs', () => {
  // It cannot be seen who has constructed the first object of a class of the user: it stays open while the pool runs.
  const each: [kind: string, make: Make, first: number][] = [
    ['of Toolset.create()', created, 0],
    ['inside of another toolset', inside, 0],
    ['of a subclass', (connection) => new Methods(connection), 1],
  ];

  test.each(each)('%s is set up and closed once with its call', async (_kind, make, stays) => {
    const connections: Connection[] = [];
    const newAgent = () => {
      const connection = new Connection();
      connections.push(connection);
      return agentWith([make(connection)]);
    };
    const { pool, running } = await run({ agent: newAgent });
    const calls: EmbeddedCall[] = [];
    for (let at = 0; at < stays + 2; at += 1) calls.push(await dial());
    const last = calls.at(-1) as EmbeddedCall;
    for (const [at, call] of calls.entries()) {
      expect(await call.say(NOW)).toContain('data');
      call.hangUp();
      if (at >= stays) await connections[at]?.untilClosed(1);
      if (call !== last) expect(await last.say(NOW)).toContain('data');
    }
    const closes = connections.map((connection) => connection.closes);
    expect(closes).toEqual(calls.map((_call, at) => (at < stays ? 0 : 1)));
    await pool.drain();
    await running;
    for (const { setups, closes: times } of connections) expect([setups, times]).toEqual([1, 1]);
    expect(connections.flatMap(({ setUpBy }) => setUpBy)).toEqual(calls.map(({ jobId }) => jobId));
  });
});

test('an agent that takes over with the toolset of the one before it finds it open', async () => {
  const connection = new Connection();
  await run({
    agent: () => {
      const set = created(connection);
      const next = agentWith([set]);
      const reply = () => {
        first.session.updateAgent(next);
        return '';
      };
      const first: voice.Agent = new Talker({ tools: [set], llm: new EchoLLM({ reply }) });
      return first;
    },
  });
  const call = await dial();
  await call.type('go on');
  while ((await call.nextReply()) !== 'Here.');
  expect(await call.say(NOW)).toContain('data');
  call.hangUp();
  await rig().ends.of(call.jobId);
  expect(connection.open).toBe(false);
});

test('a tool list that changes reaches every call that has the toolset, also after the first has ended', async () => {
  const connection = new Connection();
  let update: llm.ToolsetContext['updateTools'] = () => {};
  const set = llm.Toolset.create({
    id: 'dynamic',
    tools: [],
    setup: async (context) => {
      await connection.setup();
      update = (tools) => context.updateTools(tools);
    },
  });
  const seen = new Map<string, string[]>();
  await run({
    agent: ({ jobId }) =>
      new Talker({
        tools: [set],
        llm: new (class extends ToolCallingLLM {
          override chat(options: Parameters<ToolCallingLLM['chat']>[0]): llm.LLMStream {
            seen.set(jobId, Object.keys(llm.toToolContext(options.toolCtx)?.functionTools ?? {}));
            return super.chat(options);
          }
        })(),
      }),
  });
  const [first, second] = [await dial(), await dial()];
  await second.say('hello');
  expect(seen.get(second.jobId)).toEqual([]);
  update([toolOf(connection, 'one')]);
  await first.say('hello');
  await second.say('hello');
  expect([seen.get(first.jobId), seen.get(second.jobId)]).toEqual([['one'], ['one']]);
  await hangUp(first);
  update([toolOf(connection, 'one'), toolOf(connection, 'two')]);
  await second.say('hello');
  expect(seen.get(second.jobId)).toEqual(['one', 'two']);
});

test('a call that gives the toolset up does not close it for the others', async () => {
  const connection = new Connection();
  const set = created(connection);
  const agents: voice.Agent[] = [];
  await run({
    agent: () => {
      const agent = agentWith([set]);
      agents.push(agent);
      return agent;
    },
  });
  await dial();
  const second = await dial();
  await agents[0]?.updateTools([]);
  expect(await second.say(NOW)).toContain('data');
});

test('a setup that fails is tried again by the next call', async () => {
  const connection = new Connection();
  const set = llm.Toolset.create({
    id: 'flaky',
    tools: [toolOf(connection)],
    setup: async () => {
      await connection.setup();
      if (connection.setups > 1) return;
      connection.open = false;
      throw new Error('no connection yet');
    },
  });
  await run({ agent: () => agentWith([set]) });
  await dial();
  const second = await dial();
  expect(await second.say(NOW)).toContain('data');
  expect(connection.setups).toBe(2);
});

test('a toolset that was made by the first call, and closed with it, is set up again for the next, with a warning', async () => {
  const connection = new Connection();
  let set: llm.Toolset | undefined;
  const { pool, running } = await run({ agent: () => agentWith([(set ??= created(connection))]) });
  (await dial()).hangUp();
  await connection.untilClosed(1);
  const second = await dial();
  expect(await second.say(NOW)).toContain('data');
  await hangUp(second);
  expect(await (await dial()).say(NOW)).toContain('data');
  expect(rig().log.matching('warn', /'created' was closed with the call/)).toHaveLength(1);
  expect(connection.closes).toBe(1);
  await pool.close();
  await running;
  expect(connection.closes).toBe(2);
});

test.each(kinds)('a pool that runs later sets a toolset %s up again', async (_kind, make) => {
  const connection = new Connection();
  const set = make(connection);
  for (const times of [1, 2]) {
    const { pool, running } = await run({ agent: () => agentWith([set]) });
    const [first, second] = [await dial(), await dial()];
    await hangUp(first);
    expect(await second.say(NOW)).toContain('data');
    await pool.close();
    await running;
    expect([connection.setups, connection.closes]).toEqual([times, times]);
  }
  // Its own methods are back, and work outside of calls.
  for (const each of llm.toToolContext([set])?.toolsets ?? [])
    await each.setup({ updateTools: () => {} });
  expect(connection.setups).toBe(3);
});

test('what runs the background tools of one call alone ends with that call', async () => {
  const connection = new Connection();
  const ended: (string | undefined)[] = [];
  const set = llm.AsyncToolset.create({ id: 'separate', tools: [toolOf(connection)] });
  // Each call has an executor of its own, see `sdk/async-toolsets.ts`.
  const { _executor: executor } = set as unknown as { _executor: { aclose(): Promise<void> } };
  const closing = vi
    .spyOn(Object.getPrototypeOf(executor) as typeof executor, 'aclose')
    .mockImplementation(async () => void ended.push(currentCall()?.jobId));
  onTestFinished(() => closing.mockRestore());
  await run({ agent: () => agentWith([set]) });
  const call = await dial();
  await hangUp(call);
  // Its drain closes it as well.
  expect([...new Set(ended)]).toEqual([call.jobId]);
});
