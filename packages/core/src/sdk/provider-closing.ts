import { type CurrentCall, currentCall } from './current-call.js';
import { classNameOf } from './provider-bases.js';
import { isOwn } from './provider-owners.js';

/*
 * An adapter closes the providers it is made of, and code of a call may close what it uses. In LiveKit's own worker both
 * end with the process of the job anyway. Here the other calls go on with what they share, so it stays open.
 */

type Close = (...args: unknown[]) => unknown;

// The SDK's LLM has aclose(); the other providers have close().
const NAMES = ['aclose', 'close'] as const;

const closing = new WeakSet<CurrentCall>();
const results = new WeakMap<object, unknown>();

/**
 * Guards a provider that a call uses: a call cannot close one that `isShared`, and at its end closes only its own.
 */
export function guardClosing(provider: object, isShared: () => boolean): void {
  let warned = false;
  for (const name of NAMES) {
    const close: unknown = Reflect.get(provider, name);
    if (typeof close !== 'function') continue;
    const value = (...args: unknown[]): unknown => {
      const call = currentCall();
      const ends = call !== undefined && closing.has(call);
      if (ends && !isOwn(provider, call)) return Promise.resolve();
      if (call !== undefined && isShared()) {
        if (!warned)
          call.logger.warn(
            { provider: classNameOf(provider) },
            `a call has closed a ${classNameOf(provider)} that several calls use: it stays open for the others`,
          );
        warned = true;
        return Promise.resolve();
      }
      if (ends && results.has(provider)) return results.get(provider);
      const result: unknown = Reflect.apply(close as Close, provider, args);
      results.set(provider, result);
      return result;
    };
    // An own property, because subclasses override the method. A frozen object is left unchanged.
    Reflect.defineProperty(provider, name, { configurable: true, writable: true, value });
  }
}

/** Closes the providers of a call that ends, each once, and none that is not in the list. Tries all of them. */
export async function closeAll(
  call: CurrentCall,
  providers: readonly object[],
): Promise<PromiseSettledResult<void>[]> {
  closing.add(call);
  return Promise.allSettled(providers.map(async (provider) => closeOne(provider)));
}

async function closeOne(provider: object): Promise<void> {
  // Code of the call may have closed it, or an adapter that was made of it.
  if (results.has(provider)) return void (await results.get(provider));
  for (const name of NAMES) {
    const close: unknown = Reflect.get(provider, name);
    if (typeof close !== 'function') continue;
    await Reflect.apply(close, provider, []);
    return;
  }
}
