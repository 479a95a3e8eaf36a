import { type Task, tts } from '@livekit/agents';
import { AsyncLocalStorage } from 'node:async_hooks';

import type { Logger } from '../base/logger.js';
import { runOutsideCalls } from './outside-calls.js';
import { type Method, replaceMethods } from './replace-method.js';
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

// As long as the SDK waits when an adapter is closed.
const STOP_MS = 1_000;

/** One attempt to reach a TTS that was down. What it opens may be used after it, by calls. */
interface Probe {
  running: boolean;
}

const probes = new AsyncLocalStorage<Probe>();
const recovering = new Set<tts.FallbackAdapter>();
const closed = new WeakSet<tts.FallbackAdapter>();

/** Whether the current code asks a provider for no call, only to see whether it works again. */
export function isProbe(): boolean {
  return probes.getStore()?.running === true;
}

function separateRecovery(logger: Logger): UndoPatch {
  const adapter = tts.FallbackAdapter.prototype;
  const undo = replaceMethods(logger, 'a TTS fallback adapter may go on after its call', [
    { owner: adapter, name: 'tryRecovery', replace: recoverOutside },
    { owner: adapter, name: 'close', replace: noteClosed },
  ]);
  return async () => {
    await undo();
    const left = [...recovering];
    recovering.clear();
    await Promise.all(left.map(stop));
  };
}

function recoverOutside(tryRecovery: Method) {
  return function (this: tts.FallbackAdapter, index: unknown): void {
    // A stream that ends late may report a failure when its adapter is closed already.
    if (closed.has(this)) return;
    for (const each of recovering) if (!isRecovering(each)) recovering.delete(each);
    recovering.add(this);
    const probe = { running: true };
    runOutsideCalls(() => probes.run(probe, () => Reflect.apply(tryRecovery, this, [index])));
    const task = recoveryOf(this)._status[Number(index)]?.recoveringTask;
    task?.addDoneCallback(() => {
      probe.running = false;
    });
  };
}

function noteClosed(close: Method) {
  return function (this: tts.FallbackAdapter, ...args: unknown[]): unknown {
    closed.add(this);
    recovering.delete(this);
    return Reflect.apply(close, this, args);
  };
}

const recoveryOf = (adapter: tts.FallbackAdapter) => adapter as unknown as Recovery;

function isRecovering(adapter: tts.FallbackAdapter): boolean {
  const { _recoveryTimeouts, _status } = recoveryOf(adapter);
  return _recoveryTimeouts.size > 0 || _status.some((status) => status.recoveringTask !== null);
}

/** Stops the recovery and nothing else: the next failure begins it again. */
async function stop(adapter: tts.FallbackAdapter): Promise<void> {
  const { _recoveryTimeouts, _status } = recoveryOf(adapter);
  for (const timeout of _recoveryTimeouts.values()) clearTimeout(timeout);
  _recoveryTimeouts.clear();
  const tasks = _status.flatMap(({ recoveringTask }) => recoveringTask ?? []);
  // A TTS that does not stop is left behind.
  await Promise.allSettled(tasks.map((task) => task.cancelAndWait(STOP_MS)));
}
