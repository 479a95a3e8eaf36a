import { llm } from '@livekit/agents';

import type { Logger } from '../base/logger.js';
import { timeBox } from '../base/time-box.js';
import { type CurrentCall, currentCall } from './current-call.js';
import type { ProcessPatch, UndoPatch } from './sdk-patch.js';
import { type ToolsetOwner, ToolsetUse } from './toolset-use.js';

/*
 * A toolset keeps what its tools share, such as a pool of connections. The SDK sets it up for each agent that has it, and
 * closes it when that agent leaves. In LiveKit's own worker a process has one call, so a toolset at module level is no
 * fault. Here calls share it, and the first one that ends would close it under the others.
 */

/** Keeps toolsets that calls share open while the pool runs. */
export const sharedToolsetsPatch: ProcessPatch = {
  scope: 'process',
  name: 'shared-toolsets',
  why: 'The first call that ends closes a toolset that it shares with other calls, and each call sets it up once more.',
  versions: '@livekit/agents 1.9',
  apply: shareToolsets,
};

// This is part of the end of the process.
const CLOSE_MS = 2_000;
// Toolsets whose owner cannot be known stay open. Only code that defines a class of its own in each call has more.
const MOST_UNKNOWN = 32;

const makers = new WeakMap<object, WeakRef<CurrentCall>>();
const ofOptions = new WeakSet<object>();
const uses = new WeakMap<object, ToolsetUse>();
const usesOfCall = new WeakMap<CurrentCall, Set<ToolsetUse>>();

/** Says that calls share the toolsets in a list of tools, because it is an option. */
export function shareToolsetsOf(tools: unknown): void {
  const list: unknown = tools instanceof llm.ToolContext ? tools.tools : tools;
  if (!Array.isArray(list)) return;
  for (const tool of list) {
    if (!llm.isToolset(tool) || ofOptions.has(tool)) continue;
    ofOptions.add(tool);
    shareToolsetsOf(tool.tools);
  }
}

/** Closes the toolsets of a call that its session has left open. Tries all of them; then rejects with the first failure. */
export async function releaseToolsets(call: CurrentCall): Promise<void> {
  const all = [...(usesOfCall.get(call) ?? [])];
  usesOfCall.delete(call);
  const released = await Promise.allSettled(all.map((use) => use.releaseAll(call)));
  const failed = released.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/** Comes between classes of toolsets and their base class, whose constructor they call. */
class Noting extends llm.Toolset {
  constructor(...args: ConstructorParameters<typeof llm.Toolset>) {
    super(...args);
    const call = currentCall();
    if (call !== undefined) makers.set(this, new WeakRef(call));
  }
}

/** A class of toolsets, also one of the user. */
interface ToolsetClass {
  readonly prototype: object;
}

// The classes of what `create()` returns. They are known from the start; a class of the user, from its first object on.
const createdClasses = (): readonly ToolsetClass[] => [
  llm.AsyncToolset,
  Object.getPrototypeOf(llm.Toolset.create({ id: 'none', tools: [] })).constructor as ToolsetClass,
];

function shareToolsets(logger: Logger): UndoPatch {
  const { prototype } = llm.ToolContext;
  const toolsets = Object.getOwnPropertyDescriptor(prototype, 'toolsets');
  const updateTools = Object.getOwnPropertyDescriptor(prototype, 'updateTools');
  const get: unknown = toolsets && Reflect.get(toolsets, 'get');
  const update: unknown = updateTools?.value;
  const created = createdClasses();
  if (
    toolsets === undefined ||
    updateTools === undefined ||
    typeof get !== 'function' ||
    typeof update !== 'function' ||
    created.some((each) => Object.getPrototypeOf(each) !== llm.Toolset)
  ) {
    logger.warn(
      {},
      'unknown version of @livekit/agents: a call that ends may close a toolset that it shares with other calls',
    );
    return () => {};
  }
  const seen = new Uses(created, logger);
  // The SDK asks for the toolsets of an agent or a session whenever it sets them up or closes them.
  Object.defineProperty(prototype, 'toolsets', {
    ...toolsets,
    get(this: unknown): llm.Toolset[] {
      const all = Reflect.apply(get, this, []) as llm.Toolset[];
      seen.add(all);
      return all;
    },
  });
  // The constructor of an agent calls it.
  Object.defineProperty(prototype, 'updateTools', {
    ...updateTools,
    value(this: llm.ToolContext, ...args: unknown[]): void {
      Reflect.apply(update, this, args);
      seen.add(Reflect.apply(get, this, []) as llm.Toolset[]);
    },
  });
  return async () => {
    Object.defineProperty(prototype, 'toolsets', toolsets);
    Object.defineProperty(prototype, 'updateTools', updateTools);
    await seen.end();
  };
}

/** The toolsets that calls use while the patch is applied. */
class Uses {
  readonly #created: readonly ToolsetClass[];
  readonly #logger: Logger;
  // The references are weak, because code may define a class in each call.
  readonly #noted: WeakRef<ToolsetClass>[] = [];
  readonly #open = new Map<llm.Toolset, ToolsetUse>();
  readonly #unknown = new Set<llm.Toolset>();

  constructor(created: readonly ToolsetClass[], logger: Logger) {
    this.#created = created;
    this.#logger = logger;
    for (const each of created) this.#note(each);
  }

  /** Notes that the current call has toolsets. */
  add(toolsets: readonly llm.Toolset[]): void {
    const call = currentCall();
    for (const each of toolsets) {
      this.#noteClassOf(each);
      if (call !== undefined)
        usesOfCall.set(call, (usesOfCall.get(call) ?? new Set()).add(this.#useOf(each)));
    }
  }

  /** Closes all that are open. */
  async end(): Promise<void> {
    for (const each of this.#noted) {
      const noted = each.deref();
      if (noted !== undefined) Object.setPrototypeOf(noted, llm.Toolset);
    }
    for (const toolset of this.#open.keys()) uses.delete(toolset);
    await Promise.all([...this.#open.values()].map((use) => end(use, this.#logger)));
  }

  #useOf(toolset: llm.Toolset): ToolsetUse {
    const known = uses.get(toolset);
    if (known !== undefined) return known;
    const owner = this.#ownerOf(toolset);
    const use: ToolsetUse = new ToolsetUse(toolset, owner, {
      onShared: () => this.#open.set(toolset, use),
      mayStay: () => this.#mayStay(toolset),
    });
    uses.set(toolset, use);
    if (!use.guard())
      this.#logger.warn(
        { toolset: toolset.id },
        'this toolset is frozen: if calls share it, the first one that ends closes it',
      );
    return use;
  }

  #ownerOf(toolset: llm.Toolset): ToolsetOwner {
    if (ofOptions.has(toolset)) return 'none';
    const isCreated = this.#created.some(({ prototype }) =>
      Object.prototype.isPrototypeOf.call(prototype, toolset),
    );
    return makers.get(toolset) ?? (isCreated ? 'none' : undefined);
  }

  #mayStay(toolset: llm.Toolset): boolean {
    const stays = this.#unknown.has(toolset) || this.#unknown.size < MOST_UNKNOWN;
    if (stays) this.#unknown.add(toolset);
    else this.#open.delete(toolset);
    return stays;
  }

  /** From the second object of a class on it is known which call has constructed it. */
  #noteClassOf(toolset: llm.Toolset): void {
    let prototype: unknown = toolset;
    while (typeof prototype === 'object' && prototype !== null) {
      const next: unknown = Object.getPrototypeOf(prototype);
      if (next === llm.Toolset.prototype) {
        const { constructor } = prototype as { readonly constructor: unknown };
        if (typeof constructor === 'function' && Object.getPrototypeOf(constructor) === llm.Toolset)
          this.#note(constructor);
        return;
      }
      prototype = next;
    }
  }

  #note(noted: ToolsetClass): void {
    Object.setPrototypeOf(noted, Noting);
    this.#noted.push(new WeakRef(noted));
  }
}

async function end(used: ToolsetUse, logger: Logger): Promise<void> {
  const failed = (error: unknown) =>
    logger.warn({ error }, 'a toolset that calls have shared could not be closed');
  const ran = await timeBox(CLOSE_MS, () => used.end(), failed);
  if (ran.kind === 'failed') failed(ran.error);
  if (ran.kind === 'timeout')
    logger.warn({ ms: CLOSE_MS }, 'a toolset that calls have shared took too long to close');
}
