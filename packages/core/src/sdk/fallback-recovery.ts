import { type Task, tts } from '@livekit/agents';
import { AsyncLocalStorage } from 'node:async_hooks';

import type { Logger } from '../base/logger.js';
import { runOutsideCalls } from './outside-calls.js';
import type { ProcessPatch, UndoPatch } from './sdk-patch.js';

/*
 * A `tts.FallbackAdapter` asks a TTS that has failed once a second whether it works again, until the adapter is closed.
 * One that belongs to a call is closed with it. One that calls share goes on asking for all of them, so it must not do
 * that as the call that has seen the failure, which may end first. After the last pool it stops, because a timer would
 * keep the process from exiting.
 */

/** Separates the recovery of a fallback adapter from the call that has seen the failure. */
export const fallbackRecoveryPatch: ProcessPatch = {
  scope: 'process',
  name: 'fallback-recovery',
  why: 'A TTS fallback adapter asks a provider that is down for ever, as part of the call that has seen the failure.',
  versions: '@livekit/agents 1.9',
  apply: separateRecovery,
};

/** What the SDK's adapter keeps about its recovery. */
interface Recovery {
  readonly _recoveryTimeouts: Map<number, NodeJS.Timeout>;
  readonly _status: readonly { readonly recoveringTask: Task<void> | null }[];
}

const probes = new AsyncLocalStorage<true>();
const recovering = new Set<tts.FallbackAdapter>();
const closed = new WeakSet<tts.FallbackAdapter>();

/** Whether the current code asks a provider for no call, only to see whether it works again. */
export function isProbe(): boolean {
  return probes.getStore() === true;
}

type Method = (this: tts.FallbackAdapter, ...args: unknown[]) => unknown;

function separateRecovery(logger: Logger): UndoPatch {
  const { prototype } = tts.FallbackAdapter;
  const undo = [
    replace(prototype, 'tryRecovery', logger, (tryRecovery) => {
      return function (...args) {
        // A stream that ends late may report a failure when its adapter is closed already.
        if (closed.has(this)) return;
        for (const each of recovering) if (!isRecovering(each)) recovering.delete(each);
        recovering.add(this);
        runOutsideCalls(() => probes.run(true, () => Reflect.apply(tryRecovery, this, args)));
      };
    }),
    replace(prototype, 'close', logger, (close) => {
      return function (...args) {
        closed.add(this);
        recovering.delete(this);
        return Reflect.apply(close, this, args);
      };
    }),
  ];
  return () => {
    for (const restore of undo) restore();
    for (const adapter of recovering) stop(adapter);
    recovering.clear();
  };
}

const recoveryOf = (adapter: tts.FallbackAdapter) => adapter as unknown as Recovery;

function isRecovering(adapter: tts.FallbackAdapter): boolean {
  const { _recoveryTimeouts, _status } = recoveryOf(adapter);
  return _recoveryTimeouts.size > 0 || _status.some((status) => status.recoveringTask !== null);
}

/** Stops the recovery and nothing else: the next failure begins it again. */
function stop(adapter: tts.FallbackAdapter): void {
  const { _recoveryTimeouts, _status } = recoveryOf(adapter);
  for (const timeout of _recoveryTimeouts.values()) clearTimeout(timeout);
  _recoveryTimeouts.clear();
  for (const { recoveringTask } of _status) recoveringTask?.cancel();
}

function replace(
  prototype: tts.FallbackAdapter,
  name: string,
  logger: Logger,
  make: (method: Method) => Method,
): () => void {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
  const method: unknown = descriptor?.value;
  if (descriptor === undefined || typeof method !== 'function') {
    logger.warn(
      { method: name },
      'unknown version of @livekit/agents: a TTS fallback adapter may go on after its call',
    );
    return () => {};
  }
  Object.defineProperty(prototype, name, { ...descriptor, value: make(method as Method) });
  return () => void Object.defineProperty(prototype, name, descriptor);
}
