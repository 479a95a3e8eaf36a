import { tts } from '@livekit/agents';
import { EventEmitter } from 'node:events';

import { type Logger, silentLogger } from '../base/logger.js';
import { isCountedTwice } from './counted-twice.js';
import { type CurrentCall, currentCall } from './current-call.js';
import {
  asEvent,
  errorOf,
  forgetWay,
  passedOn,
  realtimeSession,
  reportIfUnheard,
  wayOf,
} from './error-ways.js';
import { isProbe } from './fallback-recovery.js';
import { PROVIDER_BASES } from './provider-bases.js';
import { noteUse } from './provider-owners.js';
import type { ProcessPatch, UndoPatch } from './sdk-patch.js';
import { type EventName, type Listener, ProviderUse } from './provider-use.js';

/*
 * A session of the SDK listens for 'error' and 'metrics_collected' on the provider object itself. If many calls share
 * an object, all of them would get the error of one call, and all would close. So a listener that was added inside a
 * call gets only the events that are emitted inside that call: streams emit in the async context that created them.
 * Outside of calls nothing changes.
 *
 * The methods are replaced on the SDK's base classes and not on each object, because objects have many origins:
 * options, the constructors of later agents, `updateOptions()`, the inside of a fallback adapter.
 */

const uses = new WeakMap<object, ProviderUse>();
const usesOfCall = new WeakMap<CurrentCall, Set<ProviderUse>>();
let logger: Logger = silentLogger;

/** Separates the provider events of calls that share a provider. */
export const sharedProvidersPatch: ProcessPatch = {
  scope: 'process',
  name: 'shared-providers',
  why: 'A session listens on the provider itself, so the failure of one call would close every call that shares it.',
  versions: '@livekit/agents 1.9',
  apply: separateProviderEvents,
};

/** Delivers the provider events of one call to no other call. */
function separateProviderEvents(poolLogger: Logger): UndoPatch {
  logger = poolLogger;
  const patched = PROVIDER_BASES.map((base) => base.prototype).filter(
    (prototype) => prototype instanceof EventEmitter,
  );
  for (const prototype of patched)
    for (const [name, value] of Object.entries(separated))
      Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
  // A realtime session belongs to one call. It may fail when its agent has handed over, and nobody listens any more.
  Object.defineProperty(realtimeSession, 'emit', {
    value: emit,
    configurable: true,
    writable: true,
  });
  return () => {
    // They inherit the methods from EventEmitter again. `emit` stays replaced, because a provider that calls have used
    // may still fail, and an error without a listener would end the process. For other providers it changes nothing.
    const names = Object.keys(separated).filter((name) => name !== 'emit');
    for (const prototype of patched)
      for (const name of names) Reflect.deleteProperty(prototype, name);
  };
}

/** Marks a provider object of the options as shared before its first call, so that no call changes it. */
export function shareProvider<T>(provider: T): T {
  if (provider instanceof EventEmitter) useOf(provider).share();
  return provider;
}

/** Removes every listener that a call has left on any provider. Call it at the end of the call. */
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
    noteUse(this, call);
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
  // A call must not remove listeners of other calls, or listeners that were added outside of calls.
  use.removeAll(call, event);
  return this;
}

function emit(this: EventEmitter, event: EventName, ...args: unknown[]): boolean {
  if (event !== 'error' && event !== 'metrics_collected')
    return native.emit.call(this, event, ...args);
  const call = currentCall();
  // It may be used without a listener: code of a call can ask a model itself.
  if (call !== undefined) noteUse(this, call);
  const use = uses.get(this);
  if (event === 'error') {
    // That a provider is still down is no failure of a call: no call waits for the answer.
    if (isProbe() && (use !== undefined || this instanceof tts.FallbackAdapter)) return false;
    return emitError(this, args);
  }
  if (call !== undefined && isCountedTwice(this, args[0])) return false;
  use?.isUnattributed(event, args[0]);
  return native.emit.call(this, event, ...args);
}

/** In a call, an error without a listener is reported to the call. An emitter would throw it. */
function emitError(provider: EventEmitter, [said, ...rest]: readonly unknown[]): boolean {
  const call = currentCall();
  const use = uses.get(provider);
  if (call === undefined && use === undefined)
    return native.emit.call(provider, 'error', said, ...rest);
  const event = asEvent(provider, said);
  const way = wayOf(event);
  const isFirst = way.emitters.push(provider) === 1;
  try {
    const passed = passedOn(provider, way, event);
    if (passed === undefined) return true;
    const unattributed = use?.isUnattributed('error', event) === true;
    const heard = use?.hears('error') ?? provider.listenerCount('error') > 0;
    if (heard) native.emit.call(provider, 'error', passed, ...rest);
    if (call !== undefined && isFirst) reportIfUnheard(call, way, event, heard);
    if (call === undefined && !heard && !unattributed)
      logger.warn({ error: errorOf(event) }, 'a provider failed after its call had ended');
    return heard;
  } finally {
    if (isFirst) forgetWay(event);
  }
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
