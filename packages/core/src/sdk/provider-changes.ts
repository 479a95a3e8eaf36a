import type { Logger } from '../base/logger.js';

type Method = (...args: unknown[]) => unknown;

/** How a session of the SDK changes a provider. Everything else it calls makes a stream of its own. */
const CHANGES: Readonly<
  Record<string, { changes: (value: unknown) => boolean; reset?: readonly unknown[] }>
> = {
  // Biases what is heard towards the words of one conversation.
  _updateSessionKeyterms: {
    changes: (keyterms) => Array.isArray(keyterms) && keyterms.length > 0,
    reset: [[]],
  },
  // Hands what was said to the speech-to-text, where the next call would be heard in its light.
  _pushConversationItem: { changes: () => true },
  // How text is cut into pieces to speak.
  _setExpressive: { changes: (enabled) => enabled === true, reset: [false] },
};

/**
 * Stands between sessions and what they change on a provider object: lets it through as long as one
 * call has the object for itself, keeps it off afterwards.
 */
export class ProviderChanges {
  readonly #provider: object;
  readonly #logger: () => Logger;
  readonly #applied = new Map<string, Method>();
  #keptOff = false;
  #warned = false;

  constructor(provider: object, logger: () => Logger) {
    this.#provider = provider;
    this.#logger = logger;
    for (const name of Object.keys(CHANGES)) this.#guard(name);
  }

  get keptOff(): boolean {
    return this.#keptOff;
  }

  /** Keeps changes off from now on, and takes back what can be taken back. */
  keepOff(): void {
    if (this.#keptOff) return;
    this.#keptOff = true;
    for (const [name, method] of this.#applied) {
      const reset = CHANGES[name]?.reset;
      if (reset !== undefined) Reflect.apply(method, this.#provider, reset);
      this.#warn();
    }
    this.#applied.clear();
  }

  #guard(name: string): void {
    const method: unknown = Reflect.get(this.#provider, name);
    if (typeof method !== 'function') return;
    // An own property, because subclasses override the method. A frozen object stays as it is.
    Reflect.defineProperty(this.#provider, name, {
      configurable: true,
      writable: true,
      value: (...args: unknown[]) => this.#change(name, method as Method, args),
    });
  }

  #change(name: string, method: Method, args: unknown[]): unknown {
    const changes = CHANGES[name]?.changes(args[0]) ?? true;
    if (!this.#keptOff) {
      if (changes) this.#applied.set(name, method);
      return Reflect.apply(method, this.#provider, args);
    }
    if (changes) this.#warn();
    return undefined;
  }

  #warn(): void {
    if (this.#warned) return;
    this.#warned = true;
    const name = this.#provider.constructor.name;
    this.#logger().warn(
      { provider: name },
      `one ${name} object serves several calls, so their key terms, conversation and expressive mode are kept off it; for these give each call its own by a factory: () => new ${name}(…)`,
    );
  }
}
