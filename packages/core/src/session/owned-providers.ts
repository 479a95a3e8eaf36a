import { type CurrentCall, currentCall } from '../sdk/current-call.js';
import { shareProvider } from '../sdk/shared-provider.js';

/*
 * A provider that a factory has built belongs to its call and is closed with it. Otherwise a TTS that pools sockets
 * would leak them with every call, in a process that runs for weeks. The SDK closes providers only with the process.
 */

const owners = new WeakMap<object, CurrentCall | 'several'>();
const ownedBy = new WeakMap<CurrentCall, object[]>();
let warned = false;

/**
 * Notes that a factory has built a provider for the current call, and returns the provider. An object that the factory
 * has also given to another call is treated as shared and is not closed.
 */
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
        'a provider factory returned the same object for two calls: pass the object itself, or build one per call',
      );
    }
    warned = true;
  }
  return provider;
}

/**
 * Closes the providers that factories have built for a call. Tries all of them; then rejects with the first failure.
 */
export async function closeOwnedProviders(call: CurrentCall): Promise<void> {
  const own = (ownedBy.get(call) ?? []).filter((provider) => owners.get(provider) === call);
  ownedBy.delete(call);
  const closed = await Promise.allSettled(own.map(async (provider) => close(provider)));
  const failed = closed.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

// The SDK's LLM has aclose(); the other providers have close().
async function close(provider: object): Promise<void> {
  const { aclose, close: plainClose } = provider as Record<string, unknown>;
  const method = aclose ?? plainClose;
  if (typeof method === 'function') await method.call(provider);
}
