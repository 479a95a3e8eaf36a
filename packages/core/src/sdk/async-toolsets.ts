import { llm } from '@livekit/agents';

import type { Logger } from '../base/logger.js';
import { type CurrentCall, currentCall } from './current-call.js';
import type { ProcessPatch, UndoPatch } from './sdk-patch.js';

/*
 * An `AsyncToolset` keeps the tools that run in the background, and the agent that gets their results: the one that was
 * started last. In LiveKit's own worker a process has one call, so one at module level is no fault. Here calls share it.
 * So each call gets an executor of its own, of which the toolset has one.
 */

/** Gives each call its own background tools. */
export const asyncToolsetsPatch: ProcessPatch = {
  scope: 'process',
  name: 'async-toolsets',
  why: 'A toolset that calls share gives the results of its background tools to the agent that has started last.',
  versions: '@livekit/agents 1.9',
  apply: separateToolsets,
};

/** What runs the tools of a toolset. The SDK does not export its class. */
interface Executor {
  readonly constructor: new (options: { readonly owningActivity: null }) => Executor;
}

interface ToolsetInternals {
  _executor?: Executor;
}

const separated = new WeakSet<object>();

function separateToolsets(logger: Logger): UndoPatch {
  const toolset = llm.Toolset.prototype;
  const asyncToolset = llm.AsyncToolset.prototype;
  const undo = [
    // Whatever gets such a toolset reads its tools first: the constructor of an agent, an update, a toolset around it.
    onAccess(toolset, 'tools', logger),
    onAccess(asyncToolset, '_attachActivity', logger),
    onAccess(asyncToolset, 'aclose', logger),
  ];
  return () => {
    for (const restore of undo) restore();
  };
}

/** Separates a toolset before its property is read or its method is called. */
function onAccess(prototype: object, name: string, logger: Logger): () => void {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
  const key = descriptor?.get === undefined ? 'value' : 'get';
  const original: unknown = descriptor?.[key];
  if (descriptor === undefined || typeof original !== 'function') {
    logger.warn(
      { property: name },
      'unknown version of @livekit/agents: calls that share an AsyncToolset may get the results of each other',
    );
    return () => {};
  }
  const replacement = function (this: unknown, ...args: unknown[]): unknown {
    if (this instanceof llm.AsyncToolset) separate(this, logger);
    return Reflect.apply(original, this, args);
  };
  Object.defineProperty(prototype, name, { ...descriptor, [key]: replacement });
  return () => void Object.defineProperty(prototype, name, descriptor);
}

function separate(toolset: llm.AsyncToolset, logger: Logger): void {
  if (separated.has(toolset)) return;
  const first = (toolset as unknown as ToolsetInternals)._executor;
  // Its tools may be read by its own constructor.
  if (first === undefined) return;
  separated.add(toolset);
  const executors = new WeakMap<CurrentCall, Executor>();
  const get = (): Executor => {
    const call = currentCall();
    if (call === undefined) return first;
    const executor = executors.get(call) ?? new first.constructor({ owningActivity: null });
    executors.set(call, executor);
    return executor;
  };
  const done = Reflect.defineProperty(toolset, '_executor', {
    get,
    configurable: true,
    enumerable: true,
  });
  if (!done)
    logger.warn(
      { toolset: toolset.id },
      'this AsyncToolset is frozen: if calls share it, they may get the results of each other',
    );
}
