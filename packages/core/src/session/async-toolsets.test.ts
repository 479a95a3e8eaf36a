import { EventEmitter, once } from 'node:events';

import { getJobContext, llm, type voice } from '@livekit/agents';
import { expect, test } from 'vitest';

import { type Deferred, deferred } from '../base/deferred.js';
import type { AgentOptions } from '../agents/agent-options.js';
import type { EmbeddedCall } from '../testing/embedded/embedded-call.js';
import { NOW, Talker, quietWithTool } from './contained-failures.fixture.js';
import { rig, start } from './contained-rig.fixture.js';

/*
 * A tool of an `AsyncToolset` goes on in the background, and its result comes later. If calls share a toolset, as one at
 * module level, each gets its own results and no others.
 */

/** What a module has that keeps one toolset for all of its calls. */
interface Shared {
  readonly agent: () => voice.Agent;
  readonly session?: AgentOptions['session'];
}

const SECRET = 'secret of ';

/** The results of background tools that the model of each room has seen. */
class Seen {
  readonly #byRoom = new Map<string, Set<string>>();
  readonly #wake = new EventEmitter();

  note(room: string, { items }: llm.ChatContext): void {
    const known = this.#byRoom.get(room) ?? new Set();
    this.#byRoom.set(room, known);
    for (const item of items)
      if (item.type === 'function_call_output' && item.output.includes(SECRET))
        known.add(item.output);
    this.#wake.emit('note');
  }

  async result(room: string): Promise<readonly string[]> {
    for (;;) {
      const known = this.#byRoom.get(room);
      if (known !== undefined && known.size > 0) return [...known];
      await once(this.#wake, 'note');
    }
  }

  of(room: string): readonly string[] {
    return [...(this.#byRoom.get(room) ?? [])];
  }
}

let seen: Seen;
let works: Map<string, Deferred<void>>;

const roomOf = () => getJobContext().room.name ?? '';

function background(): llm.AsyncToolset {
  const tool = llm.tool({
    name: 'act',
    description: 'Takes long.',
    execute: async (_args, { ctx }) => {
      const room = roomOf();
      const work = deferred();
      works.set(room, work);
      await ctx.update('working');
      await work.promise;
      return SECRET + room;
    },
  });
  return llm.AsyncToolset.create({ id: 'background', tools: [tool] });
}

/** Its model notes the results it is given. */
class Asking extends Talker {
  constructor(tools?: voice.AgentOptions<unknown>['tools']) {
    const { llm: calling } = quietWithTool(() => {});
    super({ llm: calling as llm.LLM, ...(tools === undefined ? {} : { tools }) });
  }

  override async llmNode(
    ...args: Parameters<voice.Agent['llmNode']>
  ): ReturnType<voice.Agent['llmNode']> {
    seen.note(roomOf(), args[0]);
    return super.llmNode(...args);
  }
}

class Adding extends Asking {
  readonly #toolset: llm.Toolset;

  constructor(toolset: llm.Toolset) {
    super();
    this.#toolset = toolset;
  }

  override async onEnter(): Promise<void> {
    await this.updateTools([this.#toolset]);
    await super.onEnter();
  }
}

const modules: readonly [where: string, module: () => Shared][] = [
  [
    'in the tools of agents',
    () => {
      const toolset = background();
      return { agent: () => new Asking([toolset]) };
    },
  ],
  [
    'inside of another toolset',
    () => {
      const toolset = background();
      const outer = llm.Toolset.create({ id: 'outer', tools: [toolset] });
      return { agent: () => new Asking([outer]) };
    },
  ],
  [
    'given to updateTools()',
    () => {
      const toolset = background();
      return { agent: () => new Adding(toolset) };
    },
  ],
  [
    'in a tool context that is made with the module',
    () => {
      const toolset = background();
      const tools = new llm.ToolContext([toolset]);
      return { agent: () => new Asking(tools.tools) };
    },
  ],
  [
    'in the options of the session',
    () => {
      const toolset = background();
      return { agent: () => new Asking(), session: { tools: [toolset] } };
    },
  ],
];

async function serve(module: () => Shared): Promise<void> {
  seen = new Seen();
  works = new Map();
  const { agent, session } = module();
  await start(agent, session === undefined ? {} : { defaults: { session } });
}

/** A call whose agent has begun. */
async function dial(): Promise<EmbeddedCall> {
  const call = await rig().livekit.call({ metadata: { agent: 'faulty' } });
  expect(await call.nextReply()).toBe('Here.');
  return call;
}

/** The tool of the call has begun, and the model knows that it works. */
async function begin(call: EmbeddedCall): Promise<Deferred<void>> {
  await call.say(NOW);
  const work = works.get(call.room);
  if (work === undefined) throw new Error('the tool has not begun');
  return work;
}

test.each(modules)('a toolset %s: a later call does not get the result', async (_where, module) => {
  await serve(module);
  const first = await dial();
  const work = await begin(first);
  const second = await dial();
  await second.say('hello');
  work.resolve();
  expect(await seen.result(first.room)).toEqual([SECRET + first.room]);
  await second.say('what do you know?');
  expect(seen.of(second.room)).toEqual([]);
});

test.each(modules)('a toolset %s: each call gets its own result', async (_where, module) => {
  await serve(module);
  const calls = [await dial(), await dial()];
  const works = [];
  for (const call of calls) works.push(await begin(call));
  for (const work of works.toReversed()) work.resolve();
  for (const { room } of calls) expect(await seen.result(room)).toEqual([SECRET + room]);
});

test.each(modules)('a toolset %s: a call that ends takes none along', async (_where, module) => {
  await serve(module);
  const [first, second] = [await dial(), await dial()];
  const ended = await begin(first);
  const work = await begin(second);
  first.hangUp();
  ended.resolve();
  await rig().ends.of(first.jobId);
  work.resolve();
  expect(await seen.result(second.room)).toEqual([SECRET + second.room]);
});
