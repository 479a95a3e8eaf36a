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

// For all of them together: this is part of the end of the process.
const CLOSE_MS = 2_000;

const makers = new WeakMap<object, WeakRef<CurrentCall>>();
const ofOptions = new WeakSet<object>();
const uses = new WeakMap<object, ToolsetUse>();
const usesOfCall = new WeakMap<CurrentCall, Set<ToolsetUse>>();
const shared = new Map<llm.Toolset, ToolsetUse>();

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

/** Comes between two classes of toolsets and their base class, whose constructor they call. */
class Noting extends llm.Toolset {
  constructor(...args: ConstructorParameters<typeof llm.Toolset>) {
    super(...args);
    const call = currentCall();
    if (call !== undefined) makers.set(this, new WeakRef(call));
  }
}

// The classes of what `create()` returns. Other subclasses call the constructor of the base class, which cannot be seen.
const notedClasses = (): readonly { readonly prototype: object }[] => [
  llm.AsyncToolset,
  Object.getPrototypeOf(llm.Toolset.create({ id: 'none', tools: [] })).constructor,
];

function shareToolsets(logger: Logger): UndoPatch {
  const { prototype } = llm.ToolContext;
  const descriptor = Object.getOwnPropertyDescriptor(prototype, 'toolsets');
  const toolsets: unknown = descriptor && Reflect.get(descriptor, 'get');
  const noted = notedClasses();
  if (
    descriptor === undefined ||
    typeof toolsets !== 'function' ||
    noted.some((each) => Object.getPrototypeOf(each) !== llm.Toolset)
  ) {
    logger.warn(
      {},
      'unknown version of @livekit/agents: a call that ends may close a toolset that it shares with other calls',
    );
    return () => {};
  }
  for (const each of noted) Object.setPrototypeOf(each, Noting);
  // The SDK asks for the toolsets of an agent or a session whenever it sets them up or closes them.
  const get = function (this: unknown): llm.Toolset[] {
    const all = Reflect.apply(toolsets, this, []) as llm.Toolset[];
    const call = currentCall();
    if (call !== undefined) for (const each of all) use(each, call, noted, logger);
    return all;
  };
  Object.defineProperty(prototype, 'toolsets', { ...descriptor, get });
  return async () => {
    Object.defineProperty(prototype, 'toolsets', descriptor);
    for (const each of noted) Object.setPrototypeOf(each, llm.Toolset);
    const ending = [...shared];
    shared.clear();
    for (const [toolset] of ending) uses.delete(toolset);
    await Promise.all(ending.map(async ([, each]) => end(each, logger)));
  };
}

function use(
  toolset: llm.Toolset,
  call: CurrentCall,
  noted: readonly { readonly prototype: object }[],
  logger: Logger,
): void {
  const known = uses.get(toolset);
  const used =
    known ?? new ToolsetUse(toolset, ownerOf(toolset, noted), () => shared.set(toolset, used));
  uses.set(toolset, used);
  usesOfCall.set(call, (usesOfCall.get(call) ?? new Set()).add(used));
  if (known !== undefined || used.guard()) return;
  logger.warn(
    { toolset: toolset.id },
    'this toolset is frozen: if calls share it, the first one that ends closes it',
  );
}

function ownerOf(
  toolset: llm.Toolset,
  noted: readonly { readonly prototype: object }[],
): ToolsetOwner {
  if (ofOptions.has(toolset)) return 'none';
  const isNoted = noted.some((each) =>
    Object.prototype.isPrototypeOf.call(each.prototype, toolset),
  );
  return makers.get(toolset) ?? (isNoted ? 'none' : undefined);
}

async function end(used: ToolsetUse, logger: Logger): Promise<void> {
  const failed = (error: unknown) =>
    logger.warn({ error }, 'a toolset that calls have shared could not be closed');
  const ran = await timeBox(CLOSE_MS, () => used.end(), failed);
  if (ran.kind === 'failed') failed(ran.error);
  if (ran.kind === 'timeout')
    logger.warn({ ms: CLOSE_MS }, 'a toolset that calls have shared took too long to close');
}
