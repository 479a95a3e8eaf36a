import { AsyncLocalStorage } from 'node:async_hooks';

import { AgentServer } from '@livekit/agents';

import { messageOf } from '../base/errors.js';
import { requireFromSdk } from './from-sdk.js';
import type { LoadPatch, UndoPatch } from './sdk-patch.js';

/*
 * Every example and starter of LiveKit ends with `cli.runApp(new ServerOptions(…))`. In an agent file of a pool that
 * line would start a second worker in this process, or read the arguments of the pool's command. `cli` is the namespace
 * of an ES module, which cannot be changed. But all that runApp() does, it does in the `parse()` of its commander
 * program, and every worker of the SDK begins with AgentServer.run().
 */

/** A way to start the SDK's own worker, as users write it. */
export type WorkerStart = 'cli.runApp()' | 'AgentServer.run()';

/** The code that is loaded. What it starts later, such as a timer, keeps it as its context. */
const loading = new AsyncLocalStorage<(start: WorkerStart) => void>();

/** Servers whose start was ignored. Their close() would wait for the start. */
const ignored = new WeakSet<object>();

interface Program {
  name(): string;
  description(): string;
}
type Method = (this: object, ...args: unknown[]) => unknown;

/** Ignores the SDK's own worker in files of agents. */
export const workerStartsPatch: LoadPatch = {
  scope: 'load',
  name: 'worker-starts',
  why: 'An agent file that ends with cli.runApp() starts a second worker, which takes calls that nobody answers.',
  versions: '@livekit/agents 1.9 with commander',
  apply: ignoreWorkerStarts,
};

/**
 * Runs `load`. Code that runs because of it, also later, cannot start the SDK's own worker: the start does nothing but
 * call `onStart`. Needs {@link workerStartsPatch}.
 */
export function loadWithoutWorkers<T>(onStart: (start: WorkerStart) => void, load: () => T): T {
  return loading.run(onStart, load);
}

function ignoreWorkerStarts(warn: (message: string) => void): UndoPatch {
  const undo: (() => void)[] = [];
  try {
    undo.push(
      replaced(AgentServer.prototype, 'run', (run) => {
        return function (this: object, ...args) {
          const onStart = loading.getStore();
          if (onStart === undefined) return run.apply(this, args);
          ignored.add(this);
          onStart('AgentServer.run()');
          return Promise.resolve();
        };
      }),
      replaced(AgentServer.prototype, 'close', (close) => {
        return function (this: object, ...args) {
          return ignored.has(this) ? Promise.resolve() : close.apply(this, args);
        };
      }),
      replaced(commandPrototype(), 'parse', (parse) => {
        return function (this: object, ...args) {
          const onStart = loading.getStore();
          if (onStart === undefined || !isRunApp(this)) return parse.apply(this, args);
          onStart('cli.runApp()');
          return this;
        };
      }),
    );
  } catch (error) {
    warn(
      `unknown version of @livekit/agents: an agent file that calls cli.runApp() starts a worker of its own (${messageOf(error)})`,
    );
  }
  return () => {
    for (const each of undo) each();
  };
}

/** The prototype of commander's `Command`, of the copy that the SDK uses. */
function commandPrototype(): object {
  // Its ESM entry exports the classes of this module.
  const { Command } = requireFromSdk('commander') as { Command?: { prototype: object } };
  if (Command === undefined) throw new Error('commander exports no Command');
  return Command.prototype;
}

/** Whether the program is the one that `cli.runApp()` makes. Agent files may have commander programs of their own. */
function isRunApp(command: object): boolean {
  const program = command as Program;
  return program.name() === 'agents' && program.description() === 'LiveKit Agents CLI';
}

function replaced(prototype: object, name: string, replace: (own: Method) => Method): () => void {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
  const own: unknown = descriptor?.value;
  if (descriptor === undefined || typeof own !== 'function')
    throw new Error(`there is no method ${name}()`);
  Object.defineProperty(prototype, name, { ...descriptor, value: replace(own as Method) });
  return () => void Object.defineProperty(prototype, name, descriptor);
}
