import { type CurrentCall, currentCall } from '../sdk/current-call.js';
import { closeAll } from '../sdk/provider-closing.js';
import { belongsToNone, noteUse, setOwner, takeOwned } from '../sdk/provider-owners.js';
import { shareProvider } from '../sdk/shared-provider.js';

/*
 * A provider that the code of a call has constructed belongs to that call and is closed with it. Otherwise a TTS that
 * pools sockets would leak them with every call, in a process that runs for weeks. The SDK closes providers only with the
 * process.
 */

const givenTo = new WeakMap<object, WeakRef<CurrentCall> | 'several'>();
let warned = false;

/**
 * Notes that a factory has given a provider to the current call, and returns the provider. One that was constructed outside
 * of calls, or that the factory has also given to another call, belongs to no call and is not closed.
 */
export function ownProvider<T>(provider: T): T {
  const call = currentCall();
  if (call === undefined || typeof provider !== 'object' || provider === null) return provider;
  const before = givenTo.get(provider);
  if (before === undefined) {
    givenTo.set(provider, new WeakRef(call));
    // A realtime model is not noted when it is constructed.
    if (!belongsToNone(provider)) setOwner(provider, call);
  } else if (before === 'several' || before.deref() !== call) {
    givenTo.set(provider, 'several');
    share(provider, call);
  }
  return provider;
}

function share(provider: object, call: CurrentCall): void {
  noteUse(provider, call);
  shareProvider(provider);
  if (!warned) {
    call.logger.warn(
      {},
      'a provider factory returned the same object for two calls: pass the object itself, or build one per call',
    );
  }
  warned = true;
}

/** Closes the providers that belong to a call. Tries all of them; then rejects with the first failure. */
export async function closeOwnedProviders(call: CurrentCall): Promise<void> {
  const closed = await closeAll(call, takeOwned(call));
  const failed = closed.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
