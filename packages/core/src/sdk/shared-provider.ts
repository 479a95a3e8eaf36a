import { VAD, inference, llm, stt, tts } from '@livekit/agents';
import { EventEmitter } from 'node:events';

import { type Logger, silentLogger } from '../base/logger.js';
import { type CurrentCall, currentCall } from './current-call.js';
import type { ProcessPatch, UndoPatch } from './sdk-patch.js';
import { type EventName, type Listener, ProviderUse } from './provider-use.js';

/*
 * A session of the SDK listens for 'error' and 'metrics_collected' on the provider object itself. An
 * object that many calls use would tell all of them of one call's failure, and all would close. So a
 * listener added inside a call hears the events emitted inside that call: streams emit in the async
 * context that made them. Outside of calls nothing changes.
 *
 * The methods are replaced on the SDK's base classes and not on each object, because objects come from
 * everywhere: options, the constructors of agents handed over to later, `updateOptions()`, the inside of
 * a fallback adapter.
 */

const BASES = [
  stt.STT,
  llm.LLM,
  tts.TTS,
  VAD,
  // The base class of turn detectors, which the SDK does not export.
  Object.getPrototypeOf(inference.TurnDetector) as { readonly prototype: object },
];

const uses = new WeakMap<object, ProviderUse>();
const usesOfCall = new WeakMap<CurrentCall, Set<ProviderUse>>();
let logger: Logger = silentLogger;

export const sharedProvidersPatch: ProcessPatch = {
  scope: 'process',
  name: 'shared-providers',
  why: 'A session listens on the provider itself, so the failure of one call would close every call that shares it.',
  versions: '@livekit/agents 1.9',
  apply: separateProviderEvents,
};

/** Keeps the events of one call's providers from all others. */
function separateProviderEvents(poolLogger: Logger): UndoPatch {
  logger = poolLogger;
  const patched = BASES.map((base): object => base.prototype).filter(
    (prototype) => prototype instanceof EventEmitter,
  );
  for (const prototype of patched)
    for (const [name, value] of Object.entries(separated))
      Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
  return () => {
    // They inherit these from EventEmitter. A provider that calls have used may still fail, and an error that nobody
    // hears would end the process: so `emit` stays. It changes nothing for other providers.
    const names = Object.keys(separated).filter((name) => name !== 'emit');
    for (const prototype of patched)
      for (const name of names) Reflect.deleteProperty(prototype, name);
  };
}

/** Marks a ready object of the options as shared before its first call: no call may change it. */
export function shareProvider<T>(provider: T): T {
  if (provider instanceof EventEmitter) useOf(provider).share();
  return provider;
}

/** At the end of a call: takes back every listener it has left on any provider. */
export function releaseProviders(call: CurrentCall): void {
  for (const use of usesOfCall.get(call) ?? []) use.removeAll(call);
  usesOfCall.delete(call);
}

function useOf(provider: EventEmitter): ProviderUse {
  const known = uses.get(provider);
  if (known !== undefined) return known;
  const use = new ProviderUse(provider, () => logger);
  uses.set(provider, use);
  return use;
}

const { prototype: native } = EventEmitter;

function adding(method: 'on' | 'once' | 'prependListener' | 'prependOnceListener') {
  const once = method === 'once' || method === 'prependOnceListener';
  const add = method.startsWith('prepend') ? 'prependListener' : 'on';
  return function (this: EventEmitter, event: EventName, listener: Listener): EventEmitter {
    const call = currentCall();
    if (call === undefined || typeof listener !== 'function')
      return native[method].call(this, event, listener);
    const use = useOf(this);
    use.usedBy(call);
    usesOfCall.set(call, (usesOfCall.get(call) ?? new Set()).add(use));
    return native[add].call(this, event, use.deliver(call, event, listener, once));
  };
}

function removeListener(this: EventEmitter, event: EventName, listener: Listener): EventEmitter {
  const use = uses.get(this);
  const call = currentCall();
  if (use === undefined) return native.removeListener.call(this, event, listener);
  if (call !== undefined) {
    if (use.remove(call, event, listener) || use.isOthers(call, event, listener)) return this;
  }
  native.removeListener.call(this, event, listener);
  use.forgetRemoved(event);
  return this;
}

function removeAllListeners(this: EventEmitter, event?: EventName): EventEmitter {
  const use = uses.get(this);
  const call = currentCall();
  if (use === undefined || call === undefined)
    return native.removeAllListeners.call(this, ...(event === undefined ? [] : [event]));
  // Those of other calls, and those of nobody's call, are not for this one to remove.
  use.removeAll(call, event);
  return this;
}

function emit(this: EventEmitter, event: EventName, ...args: unknown[]): boolean {
  const use = event === 'error' || event === 'metrics_collected' ? uses.get(this) : undefined;
  if (use !== undefined && !use.mayEmit(event, args[0])) return false;
  return native.emit.call(this, event, ...args);
}

const separated = {
  on: adding('on'),
  addListener: adding('on'),
  once: adding('once'),
  prependListener: adding('prependListener'),
  prependOnceListener: adding('prependOnceListener'),
  off: removeListener,
  removeListener,
  removeAllListeners,
  emit,
};
