import { type CurrentCall, currentCall } from '../sdk/current-call.js';
import { shareProvider } from '../sdk/shared-provider.js';

/*
 * What a factory built belongs to its call and is closed with it: a TTS that pools sockets would leak
 * them, call by call, into a process that lives for weeks. The SDK leaves that to the end of the process.
 */

const owners = new WeakMap<object, CurrentCall | 'several'>();
const ownedBy = new WeakMap<CurrentCall, object[]>();
let warned = false;

/** Notes what a factory built for the current call. An object it has given to another call is shared, not owned. */
export function ownProvider<T>(provider: T): T {
  const call = currentCall();
  if (call === undefined || typeof provider !== 'object' || provider === null) return provider;
  const owner = owners.get(provider);
  if (owner === undefined) {
    owners.set(provider, call);
    ownedBy.set(call, [...(ownedBy.get(call) ?? []), provider]);
  } else if (owner !== call) {
    owners.set(provider, 'several');
    shareProvider(provider);
    if (!warned) {
      call.logger.warn(
        {},
        'a provider factory gave the same object to two calls: pass the object itself, or build one per call',
      );
    }
    warned = true;
  }
  return provider;
}

/** Closes what factories built for a call. Rejects with the first failure, after all were tried. */
export async function closeOwnedProviders(call: CurrentCall): Promise<void> {
  const own = (ownedBy.get(call) ?? []).filter((provider) => owners.get(provider) === call);
  ownedBy.delete(call);
  const closed = await Promise.allSettled(own.map(async (provider) => close(provider)));
  const failed = closed.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

// An LLM of the SDK has aclose(), the others have close().
async function close(provider: object): Promise<void> {
  const { aclose, close: plainClose } = provider as Record<string, unknown>;
  const method = aclose ?? plainClose;
  if (typeof method === 'function') await method.call(provider);
}
