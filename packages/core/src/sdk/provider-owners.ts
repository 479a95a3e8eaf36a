import { EventEmitter } from 'node:events';

import type { Logger } from '../base/logger.js';
import { type CurrentCall, currentCall } from './current-call.js';
import { PROVIDER_BASES, classNameOf } from './provider-bases.js';
import type { ProcessPatch, UndoPatch } from './sdk-patch.js';

/*
 * A provider belongs to the call whose code has constructed it, wherever that was: in a factory, in the constructor of
 * an agent or of a task, in a tool, inside an adapter, or by the SDK for a model string. What was constructed outside of
 * calls, such as at module level, belongs to none, and what a second call uses belongs to none any more.
 */

/** Notes which call has constructed a provider. */
export const providerOwnersPatch: ProcessPatch = {
  scope: 'process',
  name: 'provider-owners',
  why: 'Providers that the code of a call constructs end with the process of a job; here the process goes on.',
  versions: '@livekit/agents 1.9',
  apply: noteConstructions,
};

// The references are weak, because a provider may live as long as the process.
const owners = new WeakMap<object, WeakRef<CurrentCall> | 'several'>();
const closedWithCall = new WeakSet<object>();
let noting = 0;

const ownedBy = new WeakMap<CurrentCall, Set<object> | 'closed'>();

/** Says that a provider belongs to a call. A call that has closed its providers owns no further ones. */
export function setOwner(provider: object, call: CurrentCall): void {
  const owned = ownedBy.get(call) ?? new Set();
  if (owned === 'closed') return;
  ownedBy.set(call, owned.add(provider));
  owners.set(provider, new WeakRef(call));
}

/** Whether a provider belongs to a call. */
export function isOwn(provider: object, call: CurrentCall): boolean {
  const owner = owners.get(provider);
  return owner instanceof WeakRef && owner.deref() === call;
}

/** Whether it is known to belong to no call: it was constructed outside of calls, or several calls use it. */
export function belongsToNone(provider: object): boolean {
  const owner = owners.get(provider);
  if (owner !== undefined) return owner === 'several';
  return noting > 0 && PROVIDER_BASES.some((base) => isInstance(provider, base));
}

/** Notes that a call uses a provider. If another call has constructed it, it belongs to none from now on. */
export function noteUse(provider: object, call: CurrentCall): void {
  const owner = owners.get(provider);
  if (owner === undefined || owner === 'several' || owner.deref() === call) return;
  owners.set(provider, 'several');
  if (!closedWithCall.has(provider)) return;
  const name = classNameOf(provider);
  call.logger.error(
    { provider: name },
    `this ${name} was constructed by the code of another call, and closed when that call ended: construct it in each ` +
      'call, or, if calls are to share it, outside of calls (at module level, or in prewarm)',
  );
}

/**
 * Takes the providers that belong to a call, those that were constructed last first: they may be made of the others. From
 * now on the call owns none.
 */
export function takeOwned(call: CurrentCall): object[] {
  const owned = ownedBy.get(call);
  ownedBy.set(call, 'closed');
  if (owned === undefined || owned === 'closed') return [];
  const own = [...owned].filter((provider) => isOwn(provider, call)).toReversed();
  for (const provider of own) closedWithCall.add(provider);
  return own;
}

function isInstance(object: object, { prototype }: { readonly prototype: object }): boolean {
  return Object.prototype.isPrototypeOf.call(prototype, object);
}

/** Comes between the base classes of providers and their own base class, whose constructor they call. */
class Noting extends EventEmitter {
  constructor(...args: ConstructorParameters<typeof EventEmitter>) {
    super(...args);
    const call = currentCall();
    if (call !== undefined) setOwner(this, call);
  }
}

function noteConstructions(logger: Logger): UndoPatch {
  const bases = PROVIDER_BASES.filter((base) => Object.getPrototypeOf(base) === EventEmitter);
  if (bases.length < PROVIDER_BASES.length)
    logger.warn(
      {},
      'unknown version of @livekit/agents: providers that agents construct may not be closed with their call',
    );
  for (const base of bases) Object.setPrototypeOf(base, Noting);
  noting += 1;
  return () => {
    noting -= 1;
    for (const base of bases) Object.setPrototypeOf(base, EventEmitter);
  };
}
